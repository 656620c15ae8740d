"""“This was wrong”: a ban is taken back or narrowed, and so is what it did.

1. What a restored upload would match *without* the overturned entry is computed before the lock, and
   its public file is written before the lock too.
2. Under the exclusive lock nothing else can change. If the revision has moved since, everything
   starts again: nothing is published on the strength of an old look.
3. Entry, allowlist, restored uploads, appeals and decisions are one transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from contextlib import ExitStack
from copy import copy
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

from django.db import transaction
from django.utils import timezone

from moderation.domain.reasons import Reason
from moderation.exceptions import DecisionRefused, ScreeningContended, UnknownEntry
from moderation.models import (
    Appeal,
    BannedImage,
    BlocklistChange,
    Clearance,
    Decision,
    Upload,
)
from moderation.selectors import user_names
from moderation.selectors.consequences import rejected_by
from moderation.services import revision
from moderation.services.blocklists import banning, blocklist, enrolment
from moderation.services.blocklists.enrolment import Picture
from moderation.services.blocklists.lowering import (
    Consent,
    entry_lowers,
    guard,
    retiring_lowers,
    strength_of_entry,
)
from moderation.services.history import decisions
from moderation.services.locking import locked
from moderation.services.rescans import rescreening
from moderation.services.revision import Change, database
from moderation.services.search import matching
from moderation.services.search.matching import RevisionMoved
from moderation.services.uploads import outcome
from moderation.services.uploads.outcome import Outcome
from moderation.services.uploads.publication import Publication

Remedy = Literal["retire", "narrow", "exact", "keep"]
ROUNDS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a moderator chose on the page that shows the consequences."""

    remedy: Remedy
    radii: Mapping[str, Any] | None = None
    """For ``narrow``."""
    allow_upload: int | None = None
    """An upload whose picture is put on the allowlist."""
    restore: Collection[int] = ()
    """Uploads to publish again; those that match something else as well are left as they are."""
    note: str = ""
    undoes_id: int | None = None


@dataclass(frozen=True, slots=True)
class Overturned:
    """What was done."""

    banned: BannedImage
    restored: tuple[int, ...]
    left: tuple[int, ...]
    """Uploads that stay rejected: something else matches them, they are the moderator's own, or they were decided
    meanwhile."""


@dataclass(frozen=True, slots=True)
class PutBack:
    """An upload that was decided about together with the ban, and what becomes of it in the same transaction."""

    upload_id: int
    settle: Callable[[str, int], None]
    """Is called with the name of the announced public file, empty where the upload was withdrawn or something else
    matches it, and with the revision."""


@dataclass(slots=True)
class _Candidate:
    upload: Upload
    publication: Publication
    blocked: bool


def overturn(
    *,
    banned_id: int,
    actor_id: str,
    plan: Plan,
    put_back: PutBack | None = None,
    consent: Consent | None = None,
) -> Overturned:
    """Carry the plan out, and ``put_back`` with it. One that lowers the shield wants ``consent``, unless it undoes what
    one did oneself; restoring uploads does not. Raises :class:`UnknownEntry`, :class:`DecisionRefused` for a plan that
    changes nothing, and :class:`ScreeningContended` where the blocklist would not stand still."""
    if not BannedImage.objects.filter(pk=banned_id).exists():
        raise UnknownEntry
    if plan.remedy == "keep" and not plan.restore and plan.allow_upload is None:
        raise DecisionRefused("Nothing was chosen, so nothing was changed.")
    if plan.remedy == "narrow" and not plan.radii:
        raise DecisionRefused("Give the radii that the entry shall have from now on.")
    allowed = _picture(plan.allow_upload, actor_id)
    wanted = set(plan.restore) & {upload.pk for upload in rejected_by(banned_id).uploads}
    for _ in range(ROUNDS):
        with ExitStack() as stack:
            seen = revision.current().number
            candidates = [_look(pk, banned_id, actor_id, stack) for pk in sorted(wanted)]
            also = None
            if put_back is not None:
                name = _look(put_back.upload_id, banned_id, actor_id, stack).publication.name
                also = partial(put_back.settle, name)
            try:
                return _carry_out(banned_id, actor_id, plan, allowed, candidates, seen, also, consent)
            except RevisionMoved:
                continue
    raise ScreeningContended


def _picture(upload_id: int | None, actor_id: str) -> Picture | None:
    if upload_id is None:
        return None
    upload = Upload.objects.filter(pk=upload_id).first()
    if upload is None:
        raise DecisionRefused("There is no such upload.")
    if user_names.owns(upload, actor_id=actor_id):
        raise DecisionRefused("This is your own upload: another moderator puts its picture on the allowlist.")
    return enrolment.picture_of_upload(upload)


def _look(upload_id: int, banned_id: int, actor_id: str, stack: ExitStack) -> _Candidate:
    """Prepare its public file where nothing else matches it; the moderator's own upload stays as it is."""
    upload = Upload.objects.get(pk=upload_id)
    judgement = matching.provisional(rescreening.subject_of(upload)).judgement
    others = {match.hit.banned for match in judgement.matches if not match.set_aside} - {banned_id}
    publication = Publication(upload, partial(rescreening.clean_file, upload))
    stack.callback(publication.close)
    blocked = bool(others) or user_names.owns(upload, actor_id=actor_id)
    if not blocked and upload.withdrawn_at is None:
        publication.write()
    return _Candidate(upload, publication, blocked)


def _carry_out(
    banned_id: int,
    actor_id: str,
    plan: Plan,
    allowed: Picture | None,
    candidates: list[_Candidate],
    seen: int,
    also: Callable[[int], None] | None,
    consent: Consent | None,
) -> Overturned:
    restored: list[int] = []
    with transaction.atomic(using=database()):
        with revision.exclusive_change() as change:
            if change.before.number != seen:
                raise RevisionMoved
            banned = BannedImage.objects.select_related("blocklist").get(pk=banned_id)
            lowers = plan.undoes_id is None and (allowed is not None or _lowers(banned, plan))
            asked = guard(lowers=lowers, actor_id=actor_id, consent=consent)
            _apply(change, banned, plan, actor_id, asked)
            number = change.revision if change.recorded else change.before.number
            restored += [
                candidate.upload.pk
                for candidate in candidates
                if not candidate.blocked and _restore(candidate, banned_id, actor_id, plan, number)
            ]
            if also is not None:
                also(number)
        if allowed is not None:
            banning.allow(
                picture=allowed, actor_id=actor_id, note=plan.note, draft=consent.draft if consent else None
            )
    left = tuple(one.upload.pk for one in candidates if one.upload.pk not in restored)
    return Overturned(banned, tuple(restored), left)


def _settings(plan: Plan) -> dict[str, Any]:
    return {"exact_only": True} if plan.remedy == "exact" else {"radii": dict(plan.radii or {})}


def _lowers(banned: BannedImage, plan: Plan) -> bool:
    if plan.remedy == "keep" or not banned.active:
        return False
    if plan.remedy == "retire":
        return retiring_lowers(banned)
    narrowed = copy(banned)
    for name, value in _settings(plan).items():
        setattr(narrowed, name, value)
    return entry_lowers(banned.blocklist, strength_of_entry(banned), strength_of_entry(narrowed))


def _apply(change: Change, banned: BannedImage, plan: Plan, actor_id: str, asked: dict[str, Any]) -> None:
    if plan.remedy == "keep" or not banned.active:
        return
    if plan.remedy == "retire":
        blocklist.retire(change, banned, kind=BlocklistChange.Kind.RETIRE, actor_id=actor_id, detail=asked)
        decisions.record(
            kind=Decision.Kind.RETIRE,
            actor_id=actor_id,
            banned_id=banned.pk,
            revision=change.revision,
            reason=Reason.OVERTURNED,
            note=plan.note,
            undoes_id=plan.undoes_id,
        )
        return
    settings = _settings(plan)
    for name, value in settings.items():
        setattr(banned, name, value)
    banned.save(update_fields=list(settings))
    change.record(
        kind=BlocklistChange.Kind.ENTRY,
        blocklist=banned.blocklist.slug,
        banned_id=banned.pk,
        actor_id=actor_id,
        detail={name: str(value) for name, value in settings.items()} | asked,
        note=plan.note,
    )
    blocklist.reach_back(change, banned=banned, reach=True)
    blocklist.reach_back(change, banned=banned, reach=False)


def _restore(candidate: _Candidate, banned_id: int, actor_id: str, plan: Plan, number: int) -> bool:
    row = locked(candidate.upload, status=Upload.Status.REJECTED, by_person=False)
    if row is None:
        return False
    Clearance.objects.bulk_create([Clearance(upload=row, banned_id=banned_id)], ignore_conflicts=True)
    decisions.record(
        kind=Decision.Kind.RESTORE,
        actor_id=actor_id,
        upload_id=row.pk,
        banned_id=banned_id,
        revision=number,
        reason=Reason.OVERTURNED,
        note=plan.note,
        undoes_id=plan.undoes_id,
    )
    outcome.settle(
        row,
        Outcome(Upload.Status.APPROVED, "overturned", by_person=True),
        revision=number,
        published=candidate.publication.name,
    )
    Appeal.objects.open().filter(upload=row).update(status=Appeal.Status.GRANTED, answered_at=timezone.now())
    return True


def default_plan(*, banned_id: int, note: str = "", undoes_id: int | None = None) -> Plan:
    """Retire, and restore everything that was rejected only because of the entry."""
    return Plan(
        remedy="retire",
        restore=[upload.pk for upload in rejected_by(banned_id).uploads],
        note=note,
        undoes_id=undoes_id,
    )
