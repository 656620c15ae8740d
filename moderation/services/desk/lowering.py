"""Asking for what lowers the shield, and confirming it.

One person asks: what one alone may do is done at once, the rest is put down as a draft. Another person with the
permission confirms it; where there is no other, whoever asked does, after a delay that every page of the desk shows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from moderation.conf import get_settings
from moderation.exceptions import DecisionRefused, LoweringNeedsTwo, UnknownEntry
from moderation.models import BanDraft, BannedImage, Blocklist
from moderation.selectors import moderators
from moderation.services.blocklists import blocklist as blocklists
from moderation.services.blocklists.lowering import Consent
from moderation.services.desk import overturn, reinstating

Status = BanDraft.Status
KEPT = timedelta(days=7)
"""After which what nobody confirmed is dropped."""
ENTRY = ("exact_only", "suspended", "local", "expires_at", "radii", "retired_revision")
LIST = ("action", "radii", "local")


@dataclass(frozen=True, slots=True, kw_only=True)
class Lowering:
    """What a moderator wants to be done."""

    what: str
    """``retire``, ``entry``, ``overturn``, ``again`` of an entry, or ``list``."""
    subject: int
    values: Mapping[str, Any] = field(default_factory=dict)
    """Settings, or the plan; ready for JSON."""
    note: str = ""


def attempt(lowering: Lowering, *, actor_id: str) -> BanDraft | None:
    """Do at once what one person may, None; else return the draft by which it waits.

    Raises :class:`DecisionRefused` for one who may not lower the shield at all, and what the services raise.
    """
    try:
        RUN[lowering.what](lowering, actor_id, None)
    except LoweringNeedsTwo:
        return _ask(lowering, actor_id)
    return None


def confirm(*, draft_id: int, actor_id: str) -> None:
    """Do what waits, as a second person. Raises :class:`DecisionRefused` where one may not, where it is done, dropped or
    too old, and where its subject has changed since."""
    draft = BanDraft.objects.filter(pk=draft_id, status=Status.WAITING, lowering__isnull=False).first()
    if draft is None or draft.lowering is None:
        raise DecisionRefused("This was confirmed or dropped already.")
    check_second(draft, actor_id=actor_id)
    wanted: dict[str, Any] = draft.lowering
    lowering = Lowering(
        what=wanted["what"], subject=wanted["subject"], values=wanted["values"], note=draft.note
    )
    consent = Consent(draft, lambda: _state(lowering) == wanted["state"])
    RUN[lowering.what](lowering, actor_id, consent)


def check_second(draft: BanDraft, *, actor_id: str) -> None:
    """Raise :class:`DecisionRefused` unless this person may confirm that the shield is lowered."""
    if draft.created_at < timezone.now() - KEPT:
        raise DecisionRefused("This has waited for more than a week. Drop it, and ask again.")
    for person in (actor_id, draft.created_by):
        if not moderators.may_lower(person):
            raise DecisionRefused("Both who lower the shield have to be allowed to do so.")
    if draft.created_by != actor_id:
        return
    since = alone_from(draft)
    if since is None:
        raise DecisionRefused("You asked for this yourself: a second person has to confirm it.")
    if since > timezone.now():
        raise DecisionRefused("Nobody else can confirm this, so it has to wait. The desk says until when.")


def alone_from(draft: BanDraft) -> datetime | None:
    """Return from when on whoever asked may confirm it alone; None where there is another account to do so."""
    if moderators.others_who_lower(draft.created_by).exists():
        return None
    return draft.created_at + timedelta(hours=get_settings().lowering_delay_hours)


def _ask(lowering: Lowering, actor_id: str) -> BanDraft:
    if not moderators.may_lower(actor_id):
        raise DecisionRefused("You may not lower the shield for other pictures.")
    wanted = {
        "what": lowering.what,
        "subject": lowering.subject,
        "values": dict(lowering.values),
        "state": _state(lowering),
    }
    same = BanDraft.objects.filter(status=Status.WAITING, lowering=wanted, created_by=actor_id).first()
    if same is not None:
        return same
    banned = None if lowering.what == "list" else BannedImage.objects.get(pk=lowering.subject)
    listed = banned.blocklist if banned else Blocklist.objects.get(pk=lowering.subject)
    return BanDraft.objects.create(
        status=Status.WAITING,
        blocklist=listed,
        banned=banned,
        label=_sentence(lowering, listed)[:200],
        lowering=wanted,
        note=lowering.note,
        created_by=actor_id,
    )


def _sentence(lowering: Lowering, blocklist: Blocklist) -> str:
    words = {
        "retire": _("Retire entry #%(number)s"),
        "entry": _("Change the settings of entry #%(number)s"),
        "overturn": _("“This was wrong” about entry #%(number)s"),
        "again": _("Allow entry #%(number)s again"),
        "list": _("Change the list “%(name)s”"),
    }
    return words[lowering.what] % {"number": lowering.subject, "name": blocklist.name}


def _state(lowering: Lowering) -> dict[str, str]:
    """Return how the subject is, as far as it matters."""
    if lowering.what == "list":
        row: Any = Blocklist.objects.filter(pk=lowering.subject).values(*LIST).first()
    else:
        row = BannedImage.objects.filter(pk=lowering.subject).values(*ENTRY, "blocklist__action").first()
    return {name: str(value) for name, value in (row or {}).items()}


def _retire(lowering: Lowering, actor_id: str, consent: Consent | None) -> None:
    blocklists.unban(banned_id=lowering.subject, actor_id=actor_id, note=lowering.note, consent=consent)


def _entry(lowering: Lowering, actor_id: str, consent: Consent | None) -> None:
    values = dict(lowering.values)
    if isinstance(values.get("expires_at"), str):
        values["expires_at"] = parse_datetime(values["expires_at"])
    blocklists.change_entry(
        banned_id=lowering.subject, actor_id=actor_id, note=lowering.note, consent=consent, **values
    )


def _list(lowering: Lowering, actor_id: str, consent: Consent | None) -> None:
    changed = Blocklist.objects.get(pk=lowering.subject)
    for name, value in lowering.values.items():
        setattr(changed, name, value)
    blocklists.change_list(blocklist=changed, actor_id=actor_id, note=lowering.note, consent=consent)


def _overturn(lowering: Lowering, actor_id: str, consent: Consent | None) -> None:
    plan = overturn.Plan(**{**lowering.values, "note": lowering.note})
    overturn.overturn(banned_id=lowering.subject, actor_id=actor_id, plan=plan, consent=consent)


def _again(lowering: Lowering, actor_id: str, consent: Consent | None) -> None:
    if not BannedImage.objects.filter(pk=lowering.subject).exists():
        raise UnknownEntry
    reinstating.reinstate(banned_id=lowering.subject, actor_id=actor_id, consent=consent)


RUN: dict[str, Callable[[Lowering, str, Consent | None], None]] = {
    "retire": _retire,
    "entry": _entry,
    "list": _list,
    "overturn": _overturn,
    "again": _again,
}
