"""Bans that are looked at before they are made: what would it hit, and does a second person agree?

Bytes from outside are decoded in the sandbox when the draft is made, so that a bad file is known at
once, and again when the ban is. In between they wait in quarantine, and are gone an hour later.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from moderation import storage
from moderation.domain.analysis import Analysis, Code, Probe
from moderation.domain.local.signature import LocalSignature
from moderation.domain.reasons import Reason
from moderation.exceptions import DecisionRefused, FlatPicture, ModerationError
from moderation.models import BanDraft, Blocklist, Upload
from moderation.services import files
from moderation.services.blocklists import banning, codes, drafting, enrolment
from moderation.services.blocklists.banning import BanResult, EntryOptions
from moderation.services.blocklists.enrolment import Picture
from moderation.services.blocklists.lowering import entering_lowers
from moderation.services.blocklists.opposites import Opposite, opposites, refuse_what_is_allowed
from moderation.services.blocklists.reach import Reach, reach_of, used_by
from moderation.services.desk import lowering, review
from moderation.services.rescans import local_reach
from moderation.services.rescans.local_reach import Sample
from moderation.services.revision import database

Status = BanDraft.Status
KEPT = {Status.DRAFT: timedelta(hours=1), Status.WAITING: lowering.KEPT}


@dataclass(frozen=True, slots=True, kw_only=True)
class Common:
    """What all drafts of a batch share."""

    blocklist: Blocklist
    options: EntryOptions
    actor_id: str
    reject_too: bool = False


@dataclass(frozen=True, slots=True)
class File:
    """A file that a moderator gave."""

    name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Hash:
    """A fingerprint that a moderator gave."""

    algorithm: str
    bits: bytes


Source = File | Hash | Upload


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that could not become a draft, and why, in a sentence."""

    name: str
    message: str


@dataclass(frozen=True, slots=True)
class Batch:
    """What became of everything that was put in together."""

    batch: uuid.UUID
    drafts: tuple[BanDraft, ...]
    problems: tuple[Problem, ...]


def prepare(*, sources: Iterable[Source], common: Common) -> Batch:
    """Make one draft for each source that can be decoded, one sentence for each that cannot. Never raises for what is
    in a file."""
    batch = uuid.uuid4()
    drafts: list[BanDraft] = []
    problems: list[Problem] = []
    for source in sources:
        try:
            drafts.append(_draft(batch, source, common))
        except ModerationError as error:
            problems.append(Problem(_name(source), str(error)))
        except FileNotFoundError:
            problems.append(Problem(_name(source), "The stored picture is gone."))
    return Batch(batch, tuple(drafts), tuple(problems))


def _name(source: Source) -> str:
    match source:
        case File(name=name):
            return name
        case Hash():
            return source.algorithm
    return source.reference


def _draft(batch: uuid.UUID, source: Source, common: Common) -> BanDraft:
    name, reject_too = "", False
    match source:
        case File():
            picture, name = enrolment.picture_from_bytes(source.data), source.name
        case Hash():
            analysis = codes.analysis_of_code(algorithm=source.algorithm, bits=source.bits)
            picture = Picture(analysis, "hash")
        case _:
            picture, reject_too = enrolment.picture_of_upload(source), common.reject_too
    return drafting.store(
        picture,
        blocklist=common.blocklist,
        options=common.options,
        actor_id=common.actor_id,
        batch=batch,
        file_name=name,
        reject_too=reject_too,
    )


def reaches_of(drafts: Iterable[BanDraft]) -> dict[int, Reach]:
    """Return what each ban would do to earlier uploads now, by draft: the second tier looks for all of them
    together."""
    rows = list(drafts)
    with_parts = [
        row for row in rows if row.signature and not (row.exact_only or row.flat) and used_by(row.blocklist)
    ]
    signatures = [LocalSignature.from_bytes(bytes(row.signature or b"")) for row in with_parts]
    samples = local_reach.samples(signatures) if signatures else []
    found = {row.pk: sample for row, sample in zip(with_parts, samples, strict=True)}
    return {row.pk: _reach_of(row, found.get(row.pk)) for row in rows}


def opposites_of(draft: BanDraft) -> list[Opposite]:
    """Return what stands on the other side of a draft."""
    analysis = _analysis_of(draft)
    return opposites(analysis, blocklist=draft.blocklist, exact_only=draft.exact_only or draft.flat)


def _analysis_of(draft: BanDraft) -> Analysis:
    """Return what is known of a draft's picture without decoding it again."""
    found = tuple(Code(name, bytes.fromhex(bits), 0, variant) for name, bits, variant in draft.codes)
    return Analysis(
        probe=Probe("", 0, 0, 0),
        sha256=bytes(draft.sha256),
        pixels=bytes(draft.pixels),
        queries=(),
        enrolment=found,
        quality=0.0 if draft.flat else 1.0,
        flat=draft.flat,
    )


def _reach_of(draft: BanDraft, sample: Sample | None) -> Reach:
    return reach_of(
        _analysis_of(draft),
        blocklist=draft.blocklist,
        exact_only=draft.exact_only or draft.flat,
        radii=draft.radii,
        sample=sample,
    )


def confirm(*, draft_id: int, actor_id: str) -> BanResult:
    """Make the ban, or have it wait for a second moderator. An upload that is to be rejected, too, is rejected then
    already.

    Raises :class:`DecisionRefused` where it is done already or where whoever asked for it would be
    the second moderator too, and what :func:`moderation.services.blocklists.banning.ban` raises.
    """
    draft = BanDraft.objects.select_related("blocklist", "upload").filter(pk=draft_id).first()
    if draft is None or draft.status not in (Status.DRAFT, Status.WAITING):
        raise DecisionRefused("This ban was made or dropped already.")
    if draft.lowering is not None:
        raise DecisionRefused("This is no ban.")
    if draft.status == Status.WAITING and entering_lowers(draft.blocklist):
        lowering.check_second(draft, actor_id=actor_id)
    elif draft.status == Status.WAITING and draft.created_by == actor_id:
        raise DecisionRefused("You asked for this ban yourself: a second moderator has to confirm it.")
    picture = None if draft.algorithm else _picture(draft)
    if picture is not None and picture.analysis.flat and not draft.exact_only:
        raise FlatPicture
    refuse_what_is_allowed(sha256=bytes(draft.sha256), pixels=bytes(draft.pixels), blocklist=draft.blocklist)
    if draft.upload is not None and draft.reject_too:
        _reject(draft, actor_id)
    result = _ban(draft, picture, actor_id)
    if result.waiting is None:
        _close(draft, Status.DONE, banned_id=result.banned.pk)
    return result


def _reject(draft: BanDraft, actor_id: str) -> None:
    upload = draft.upload
    if upload is not None and upload.status in (Upload.Status.HELD, Upload.Status.APPROVED):
        review.reject(
            upload_id=upload.pk,
            actor_id=actor_id,
            blocklist=draft.blocklist,
            reason=Reason.BANNED_TOO,
            note=draft.note,
        )


def _picture(draft: BanDraft) -> Picture:
    if draft.upload is not None:
        return enrolment.picture_of_upload(draft.upload)
    try:
        data = storage.read(storage.quarantine(), draft.file)
    except FileNotFoundError as error:
        raise DecisionRefused("The file waited too long and is gone. Give it again.") from error
    return enrolment.picture_from_bytes(data)


def _ban(draft: BanDraft, picture: Picture | None, actor_id: str) -> BanResult:
    options = EntryOptions(
        label=draft.label,
        reason=draft.reason,
        note=draft.note,
        exact_only=draft.exact_only,
        radii=draft.radii,
        expires_at=draft.ban_expires_at,
    )
    if picture is not None:
        return banning.ban(
            picture=picture, blocklist=draft.blocklist, actor_id=actor_id, options=options, draft=draft
        )
    return codes.ban_code(
        algorithm=draft.algorithm,
        bits=bytes.fromhex(draft.codes[0][1]),
        blocklist=draft.blocklist,
        actor_id=actor_id,
        options=options,
        draft=draft,
    )


def set_exact_only(*, draft_id: int) -> None:
    """Ban exact copies alone: what is offered for a flat picture, or for one with too much reach."""
    BanDraft.objects.filter(pk=draft_id, status=Status.DRAFT, algorithm="").update(exact_only=True)


def drop(*, draft_id: int) -> None:
    """Do not make this ban."""
    draft = BanDraft.objects.filter(pk=draft_id, status__in=(Status.DRAFT, Status.WAITING)).first()
    if draft is not None:
        _close(draft, Status.DROPPED)


def _close(draft: BanDraft, status: BanDraft.Status, *, banned_id: int | None = None) -> None:
    with transaction.atomic(using=database()):
        files.remove_later(*((storage.QUARANTINE, name) for name in (draft.file, draft.picture)))
        draft.file = draft.picture = ""
        draft.status, draft.banned_id = status, banned_id
        draft.note = ""
        draft.signature = None
        draft.save()


def drop_of_upload(*, upload_id: int, actor_id: str) -> None:
    """Do not make the bans of this upload's picture that one has asked for, and that wait."""
    for draft in BanDraft.objects.filter(upload_id=upload_id, created_by=actor_id, status=Status.WAITING):
        _close(draft, Status.DROPPED)


def drop_stale(*, limit: int = 100) -> int:
    """Forget drafts that nobody came back to, with their files; the number."""
    now = timezone.now()
    overdue = Q()
    for status, kept in KEPT.items():
        overdue |= Q(status=status, created_at__lt=now - kept)
    stale = list(BanDraft.objects.filter(overdue)[:limit])
    for draft in stale:
        _close(draft, Status.DROPPED)
    return len(stale)
