"""Changes to blocklists. Each that can alter a verdict raises the revision by one, under the exclusive
lock, and reaches back to earlier uploads after it has committed."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from moderation import selectors, signals
from moderation.exceptions import UnknownEntry
from moderation.models import (
    BannedImage,
    Blocklist,
    BlocklistChange,
    Decision,
    LearnedBackground,
    Rescan,
)
from moderation.selectors import state
from moderation.services import revision
from moderation.services.blocklists.lowering import (
    Consent,
    entry_lowers,
    guard,
    list_lowers,
    retiring_lowers,
    strength_of_entry,
)
from moderation.services.dispatching import dispatcher
from moderation.services.history import decisions
from moderation.services.revision import Change, database


def reach_back(
    change: Change, *, banned: BannedImage | None = None, blocklist: Blocklist | None = None, reach: bool
) -> Rescan:
    """Note in the change's transaction that earlier uploads have to be looked at, and wake up whoever
    does it after the commit. ``reach`` for what may hit more now, otherwise for what may hit less.

    Where so many entries ceased to count that the default radii are wider, everything that is banned is
    searched for as well, once a change."""
    rescan = Rescan.objects.create(
        kind=Rescan.Kind.REACH if reach else Rescan.Kind.RELEASE,
        since_revision=change.revision,
        banned=banned,
        blocklist=blocklist,
    )
    asked = [rescan.pk]
    if change.widened:
        change.widened = False
        asked.append(Rescan.objects.create(kind=Rescan.Kind.REACH, since_revision=0).pk)
    for pk in asked:
        transaction.on_commit(partial(_search, pk), using=database(), robust=True)
    return rescan


def _search(rescan_id: int) -> None:
    dispatcher().rescan(rescan_id)


def unban(
    *, banned_id: int, actor_id: str = "", reason: str = "", note: str = "", consent: Consent | None = None
) -> BannedImage:
    """Retire an entry; it stays in the history. Retiring one that is retired changes nothing.

    Raises :class:`UnknownEntry`, and :class:`LoweringNeedsTwo` where one person wants it without ``consent``.
    """
    with revision.exclusive_change() as change:
        banned = BannedImage.objects.select_related("blocklist").filter(pk=banned_id).first()
        if banned is None:
            raise UnknownEntry(f"There is no banned image with the number {banned_id}.")
        asked = guard(lowers=retiring_lowers(banned), actor_id=actor_id, consent=consent)
        if not banned.active:
            return banned
        retire(change, banned, kind=BlocklistChange.Kind.RETIRE, actor_id=actor_id, detail=asked)
        decisions.record(
            kind=Decision.Kind.RETIRE,
            actor_id=actor_id,
            banned_id=banned.pk,
            revision=change.revision,
            reason=reason,
            note=note,
        )
    return banned


def retire(
    change: Change,
    banned: BannedImage,
    *,
    kind: str,
    actor_id: str = "",
    detail: dict[str, Any] | None = None,
) -> None:
    """Retire an active entry as a part of ``change``."""
    counted = _tightening(pk=banned.pk)
    banned.retired_revision = change.revision
    banned.retired_at = timezone.now()
    banned.save(update_fields=["retired_revision", "retired_at"])
    change.record(
        kind=kind,
        blocklist=banned.blocklist.slug,
        banned_id=banned.pk,
        actor_id=actor_id,
        detail=detail,
        entries=-counted,
    )
    reach_back(change, banned=banned, reach=False)
    transaction.on_commit(
        lambda: signals.ban_retired.send_robust(BannedImage, banned=banned, revision=change.revision),
        using=database(),
    )


def expire_due(*, limit: int = 100) -> int:
    """Retire what has expired; the number of entries."""
    due = BannedImage.objects.active().filter(expires_at__lte=Now())
    count = 0
    for pk in list(due.values_list("pk", flat=True)[:limit]):
        with revision.exclusive_change() as change:
            banned = due.select_related("blocklist").filter(pk=pk).first()
            if banned is not None:
                retire(change, banned, kind=BlocklistChange.Kind.EXPIRE)
                count += 1
    return count


def change_entry(
    *, banned_id: int, actor_id: str = "", note: str = "", consent: Consent | None = None, **settings: Any
) -> BannedImage:
    """Set ``exact_only``, ``radii``, ``suspended``, ``local`` or ``expires_at`` of an active entry.

    Raises :class:`UnknownEntry` for one that is not active, and :class:`LoweringNeedsTwo` where one person wants
    less of it without ``consent``.
    """
    with revision.exclusive_change() as change:
        banned = BannedImage.objects.active().select_related("blocklist").filter(pk=banned_id).first()
        if banned is None:
            raise UnknownEntry(f"There is no active banned image with the number {banned_id}.")
        before = {name: getattr(banned, name) for name in settings}
        if before == settings:
            return banned
        counted = _tightening(pk=banned.pk)
        strength = strength_of_entry(banned)
        for name, value in settings.items():
            setattr(banned, name, value)
        lowers = entry_lowers(banned.blocklist, strength, strength_of_entry(banned))
        asked = guard(lowers=lowers, actor_id=actor_id, consent=consent)
        banned.save(update_fields=list(settings))
        if before.get("local") != settings.get("local"):
            # From now on it is what a moderator chose, and no undo lifts it.
            LearnedBackground.objects.filter(signature__banned=banned).update(too_much=False)
        change.record(
            kind=BlocklistChange.Kind.ENTRY,
            blocklist=banned.blocklist.slug,
            banned_id=banned.pk,
            actor_id=actor_id,
            detail={name: str(value) for name, value in settings.items()} | asked,
            note=note,
            entries=_tightening(pk=banned.pk) - counted,
        )
        reach_back(change, banned=banned, reach=True)
        reach_back(change, banned=banned, reach=False)
    return banned


def change_list(
    *, blocklist: Blocklist, actor_id: str = "", note: str = "", consent: Consent | None = None
) -> Blocklist:
    """Save a new or edited list. What decides, and what uploaders are told, goes into the history; a change of action,
    radii or second tier reaches back in both directions. A new name does neither. Raises :class:`LoweringNeedsTwo`
    where one person wants less of it without ``consent``."""
    with revision.exclusive_change() as change:
        before = Blocklist.objects.filter(pk=blocklist.pk).first()
        counted = _tightening(blocklist=blocklist.pk)
        lowers = before is not None and list_lowers(before, blocklist)
        asked = guard(lowers=lowers, actor_id=actor_id, consent=consent)
        blocklist.save()
        values = state.list_values(blocklist)
        was = state.list_values(before) if before else {}
        changed = {name: value for name, value in values.items() if name not in was or was[name] != value}
        if changed:
            change.record(
                kind=BlocklistChange.Kind.LIST,
                blocklist=blocklist.slug,
                actor_id=actor_id,
                detail=changed | asked,
                note=note,
                entries=_tightening(blocklist=blocklist.pk) - counted,
            )
            if before is not None and changed.keys() & {"action", "radii", "local", "tenant"}:
                reach_back(change, blocklist=blocklist, reach=True)
                reach_back(change, blocklist=blocklist, reach=False)
    return blocklist


def _tightening(**which: Any) -> int:
    return selectors.tightening().filter(**which).count()
