"""The pixels' own word on the hits of a search, from stored signs.

A hit of a fingerprint is a candidate. What it is worth is read from the signs of the upload's view and of the entry,
which are two rows of the database: only uploads that hit something pay for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from moderation.domain.analysis import Analysis, PatchSigns
from moderation.domain.evidence.candidates import is_candidate
from moderation.domain.evidence.candidates import weighed as weighed_with
from moderation.domain.evidence.signs import BadSigns, pack, unpack_document
from moderation.domain.evidence.weighing import EvidenceBand, Side, weigh
from moderation.domain.policy import Hit
from moderation.models import BannedImage, BannedSigns, Upload, UploadSigns

PARAMETERS = 10_000
"""Of one statement."""


def weighed(signs: Sequence[PatchSigns] | None, hits: Iterable[Hit]) -> list[Hit]:
    """Return the hits, those of fingerprints with the evidence for them; ``signs`` are the upload's."""
    found = list(hits)
    candidates = {hit.banned for hit in found if is_candidate(hit)}
    return weighed_with(signs, found, signs_of(candidates)) if signs and candidates else found


def signs_of(entries: Iterable[int]) -> Mapping[int, Side]:
    """Return the signs of banned images that have some of this version."""
    wanted = list(set(entries))
    found = {}
    for start in range(0, len(wanted), PARAMETERS):
        rows = BannedSigns.objects.filter(pk__in=wanted[start : start + PARAMETERS])
        for pk, data in rows.values_list("pk", "data"):
            try:
                found[pk] = Side.of(one.data for one in unpack_document(bytes(data)))
            except BadSigns:
                continue  # of another version: without evidence it may hold, until it is rehashed
    return found


def signs_of_upload(upload: Upload) -> tuple[PatchSigns, ...] | None:
    """Return what was stored with the upload's codes; None where nothing was, or of another version."""
    data = UploadSigns.objects.filter(upload=upload).values_list("data", flat=True).first()
    try:
        return None if data is None else unpack_document(bytes(data))
    except BadSigns:
        return None


def enrol(banned: BannedImage, analysis: Analysis | None) -> None:
    """Store the signs of a ban, within the transaction of a change; none where its picture cannot be read."""
    data = pack([one for one in analysis.signs if one.enters] if analysis else [])
    BannedSigns.objects.update_or_create(banned=banned, defaults={"data": data})


def copy_signs(old: BannedImage, new: BannedImage) -> None:
    """Give an entry that is banned again the signs of the old one."""
    for row in BannedSigns.objects.filter(banned=old):
        BannedSigns.objects.create(banned=new, data=row.data)


def remember(upload: Upload, analysis: Analysis | None) -> None:
    """Store the signs of an upload, in place of what an earlier screening stored; none where it cannot be read."""
    data = pack(analysis.signs if analysis else [])
    UploadSigns.objects.update_or_create(upload=upload, defaults={"data": data})


def weighed_uploads(ban: Analysis, uploads: Iterable[int]) -> dict[int, EvidenceBand]:
    """Return what a ban that is not made yet would be worth for each of these uploads; an upload without signs would be
    held."""
    mine = Side.of(one.data for one in ban.signs if one.enters)
    wanted = list(uploads)
    found: dict[int, EvidenceBand] = dict.fromkeys(wanted, "hold")
    for start in range(0, len(wanted), PARAMETERS):
        rows = UploadSigns.objects.filter(pk__in=wanted[start : start + PARAMETERS])
        for pk, data in rows.values_list("pk", "data").iterator(500):
            try:
                evidence = weigh(Side.of(one.data for one in unpack_document(bytes(data))), mine)
            except BadSigns:
                continue
            if evidence is not None:
                found[pk] = evidence.band
    return found


def may_reject(ban: Analysis) -> bool:
    """Return whether a picture has enough that is particular to it for a copy to be rejected by a fingerprint."""
    mine = Side.of(one.data for one in ban.signs if one.enters)
    found = weigh(mine, mine)
    return found is not None and found.band == "block"
