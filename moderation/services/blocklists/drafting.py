"""What a ban would reach is looked at before it is made, whichever way it came.

Many hits want a second person: the ban is put down as a draft that waits for one. A background that many people's
pictures share may only hold.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.utils import timezone

from moderation import storage
from moderation.conf import get_settings
from moderation.domain.local.features import BAN_KEYPOINTS
from moderation.models import BanDraft, Blocklist
from moderation.services import files
from moderation.services.blocklists.reach import Reach, reach_of, sample_of
from moderation.services.search import local

if TYPE_CHECKING:
    from moderation.services.blocklists.enrolment import Picture

Status = BanDraft.Status


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryOptions:
    """What a moderator says of an entry."""

    label: str = ""
    reason: str = ""
    note: str = ""
    """Free text for colleagues; stands beside the history, where it can be erased."""
    exact_only: bool = False
    radii: Mapping[str, Any] | None = None
    expires_at: datetime | None = None
    local: str = ""
    """What the second tier may do, ``off`` or ``hold``, where that is less than the list allows."""

    def columns(self) -> dict[str, Any]:
        """Return the columns that an entry and the draft of one have in common."""
        return {
            "label": self.label[:200],
            "reason": self.reason[:200],
            "exact_only": self.exact_only,
            "radii": dict(self.radii) if self.radii else None,
        }


def foresee(picture: Picture, *, blocklist: Blocklist, options: EntryOptions) -> Reach:
    """Return what a ban would hit among the earlier uploads."""
    exact_only = options.exact_only
    return reach_of(
        picture.analysis,
        blocklist=blocklist,
        exact_only=exact_only,
        radii=options.radii,
        shown=0,
        sample=None if exact_only else sample_of(picture.analysis, blocklist=blocklist),
    )


def only_local(reach: Reach) -> str:
    """Return ``hold`` where what a ban shows is a background that many people's pictures have in common."""
    return "hold" if reach.parts and reach.parts.background else ""


def confirmed(draft: BanDraft | None) -> bool:
    """Return whether a ban is made from a draft that waited for a second person."""
    return draft is not None and draft.status == Status.WAITING


def wait(
    picture: Picture,
    *,
    blocklist: Blocklist,
    options: EntryOptions,
    actor_id: str,
    draft: BanDraft | None = None,
) -> BanDraft:
    """Have a ban wait for a second person, by the draft that it is made from, or that waits for the same already."""
    draft = (
        draft
        or _waiting_already(picture, blocklist, options)
        or store(picture, blocklist=blocklist, options=options, actor_id=actor_id)
    )
    if draft.status == Status.DRAFT:
        draft.status, draft.created_at = Status.WAITING, timezone.now()
        draft.save(update_fields=["status", "created_at"])
    return draft


def needs_second(reach: Reach) -> bool:
    """Return whether so many uploads are in reach that two people have to want it."""
    return reach.block + reach.hold > get_settings().confirm_reach


def _waiting_already(picture: Picture, blocklist: Blocklist, options: EntryOptions) -> BanDraft | None:
    """Return the draft by which the same ban waits."""
    same = BanDraft.objects.filter(
        status=Status.WAITING, blocklist=blocklist, exact_only=options.exact_only, codes=codes_of(picture)
    )
    return same.filter(sha256=picture.analysis.sha256).first()


def store(
    picture: Picture,
    *,
    blocklist: Blocklist,
    options: EntryOptions,
    actor_id: str,
    batch: uuid.UUID | None = None,
    file_name: str = "",
    reject_too: bool = False,
) -> BanDraft:
    """Put a ban down, with everything that it takes to search for it, and to make it later.

    Bytes from outside wait in quarantine as they came.
    """
    analysis = picture.analysis
    draft = BanDraft(
        batch=batch or uuid.uuid4(),
        blocklist=blocklist,
        upload_id=picture.upload_id,
        file_name=file_name[:255],
        note=options.note,
        **options.columns(),
        ban_expires_at=options.expires_at,
        reject_too=reject_too,
        created_by=actor_id,
        flat=analysis.flat,
        sha256=analysis.sha256,
        pixels=analysis.pixels,
        codes=codes_of(picture),
    )
    if picture.is_hash:
        draft.algorithm = analysis.enrolment[0].algorithm
        draft.exact_only = False
    elif picture.upload_id is None:
        draft.file = storage.write(storage.quarantine(), storage.fresh_name("drafts"), picture.data)
    if analysis.evidence is not None:
        draft.picture = files.keep_private(analysis.evidence, folder="drafts")
    if analysis.local:
        signature = local.features_of(analysis)[0].signature.strongest(BAN_KEYPOINTS)
        draft.signature = signature.to_bytes()
    draft.save()
    return draft


def codes_of(picture: Picture) -> list[list[str]]:
    """Return the codes of a picture as a draft keeps them."""
    return [[code.algorithm, code.bits.hex(), code.variant] for code in picture.analysis.enrolment]
