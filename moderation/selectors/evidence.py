"""Why a verdict is what it is, bit by bit."""

from __future__ import annotations

from dataclasses import dataclass

from moderation.domain.fingerprints import hamming
from moderation.models import Fingerprint, Match, UploadFingerprints


@dataclass(frozen=True, slots=True)
class Difference:
    """Two codes beside one another."""

    upload: bytes
    banned: bytes
    side: int
    """Width and height of the square of bits."""
    turned: str
    """How the banned picture was turned to fit: ``mirrored``, ``rotated 90`` …, empty for not at all."""
    cells: tuple[tuple[bool, bool], ...]
    """(bit of the upload, whether it differs), row by row."""


def difference(match: Match, upload_id: int) -> Difference | None:
    """Return the two codes that this match measured, as far as they are still stored. Two queries."""
    row = UploadFingerprints.objects.filter(upload_id=upload_id, algorithm=match.method).first()
    if row is None or not row.places:
        return None
    data = bytes(row.codes)
    width = len(data) // len(row.places)
    mine = [
        data[place * width : (place + 1) * width]
        for place, (view, variant) in enumerate(row.places)
        if view == match.view and variant[:80] == match.variant
    ]
    theirs = Fingerprint.objects.filter(banned_id=match.banned_id, algorithm=match.method)
    pairs = [
        (hamming(code, bytes(other)), code, bytes(other), variant)
        for code in mine
        for other, variant in theirs.values_list("bits", "variant")
    ]
    if not pairs:
        return None
    _, code, other, variant = min(pairs, key=lambda pair: pair[0])
    side = round((len(code) * 8) ** 0.5)
    ours, both = int.from_bytes(code, "big"), int.from_bytes(code, "big") ^ int.from_bytes(other, "big")
    bits = len(code) * 8
    cells = tuple(
        (bool(ours >> (bits - 1 - place) & 1), bool(both >> (bits - 1 - place) & 1)) for place in range(bits)
    )
    return Difference(code, other, side, _turn(variant), cells)


def _turn(variant: str) -> str:
    from moderation.domain.analysis import ORIENTATIONS

    return next((name for name in reversed(ORIENTATIONS) if name and variant.endswith(name)), "")


def variants_of(upload_id: int) -> list[str]:
    """Return the names of the canonical pictures that this upload was compared as, the whole one first."""
    names: list[str] = []
    for places in UploadFingerprints.objects.filter(upload_id=upload_id).values_list("places", flat=True):
        for _view, variant in places:
            if variant not in names:
                names.append(variant)
    return names
