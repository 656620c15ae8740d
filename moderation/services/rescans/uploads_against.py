"""Earlier uploads against many new codes, as an import brings them.

The index of uploads would be searched a million times for an import of a million; here the new codes
become an index, and the uploads are looked up in it in the order of their ids, so that the search can
stop and go on anywhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from django.db.models import QuerySet

from moderation.domain.index import PackedIndex
from moderation.models import BannedImage, Fingerprint, Upload, UploadFingerprints
from moderation.services.search.index_files import bits_of
from moderation.services.search.loading import ROWS_PER_FETCH

MANY = 4_000
"""Codes from which it pays."""
CHUNK = 2_000
"""Uploads that are looked up at a time."""
PARAMETERS = 500
"""Of one statement."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """A stretch of uploads."""

    found: tuple[int, ...]
    """Those that the new codes may concern, ascending."""
    last: int
    """The id up to which the search is complete."""
    looked_at: int
    """Uploads so far."""


def are_many(entries: QuerySet[BannedImage]) -> bool:
    """Return whether these entries have so many codes that the uploads are better looked up in them."""
    rows = Fingerprint.objects.filter(banned__in=entries.order_by()).values_list("pk")
    return len(rows[: MANY + 1]) > MANY


class NewCodes:
    """The codes of some entries, searchable."""

    def __init__(self, entries: QuerySet[BannedImage], radii: Mapping[str, int]) -> None:
        self._entries = entries.order_by()
        self._has_pictures = self._entries.filter(sha256__isnull=False).exists()
        self._radii = {name: radius for name, radius in radii.items() if radius >= 0}
        self._indexes = self._loaded()

    def _loaded(self) -> dict[str, PackedIndex]:
        rows = Fingerprint.objects.filter(
            banned__in=self._entries.filter(exact_only=False), algorithm__in=list(self._radii)
        )
        data: dict[str, list[bytes]] = {}
        for algorithm, bits in rows.values_list("algorithm", "bits").iterator(ROWS_PER_FETCH):
            data.setdefault(algorithm, []).append(bytes(bits))
        indexes = {}
        for algorithm, codes in data.items():
            width = bits_of(algorithm)
            array = np.frombuffer(b"".join(codes), np.uint8).reshape(-1, width // 8)
            # Which of the new codes it was that matched is for the judgement to find out.
            indexes[algorithm] = PackedIndex.build(array, np.ones(len(array), np.int64), bits=width)
        return indexes

    def chunks(self, *, after: int) -> Iterator[Chunk]:
        """Yield all open uploads behind the id ``after``, a stretch at a time."""
        uploads = Upload.objects.open().order_by("pk")
        looked_at = 0
        while rows := list(uploads.filter(pk__gt=after).values_list("pk", "sha256", "pixels")[:CHUNK]):
            first, after = rows[0][0], rows[-1][0]
            looked_at += len(rows)
            found = self._near(first, after) & {pk for pk, _, _ in rows}
            if self._has_pictures:
                found |= self._exact(rows)
            yield Chunk(tuple(sorted(found)), after, looked_at)

    def _near(self, first: int, last: int) -> set[int]:
        data: dict[str, tuple[list[bytes], list[int], list[int]]] = {}
        rows = UploadFingerprints.objects.filter(
            upload_id__gte=first, upload_id__lte=last, algorithm__in=list(self._indexes)
        )
        for upload, algorithm, codes in rows.values_list("upload_id", "algorithm", "codes"):
            parts, owners, counts = data.setdefault(algorithm, ([], [], []))
            parts.append(bytes(codes))
            owners.append(upload)
            counts.append(len(parts[-1]) // self._width(algorithm))
        found: set[int] = set()
        for algorithm, (parts, owners, counts) in data.items():
            queries = np.frombuffer(b"".join(parts), np.uint8).reshape(-1, self._width(algorithm))
            hits = self._indexes[algorithm].search(queries, self._radii[algorithm])
            found.update(np.repeat(owners, counts)[np.unique(hits.query)].tolist())
        return found

    def _width(self, algorithm: str) -> int:
        return self._indexes[algorithm].bits // 8

    def _exact(
        self, rows: list[tuple[int, bytes | memoryview[int], bytes | memoryview[int] | None]]
    ) -> set[int]:
        found: set[int] = set()
        for start in range(0, len(rows), PARAMETERS):
            part = [
                (pk, bytes(sha256), bytes(pixels or b""))
                for pk, sha256, pixels in rows[start : start + PARAMETERS]
            ]
            bytes_of, pixels_of = {sha256 for _, sha256, _ in part}, {pixels for _, _, pixels in part} - {b""}
            copies = self._entries.filter(sha256__in=bytes_of).values_list("sha256", flat=True)
            equal = {bytes(sha256) for sha256 in copies if sha256}
            same = self._entries.filter(pixels__in=pixels_of).values_list("pixels", flat=True)
            alike = {bytes(pixels) for pixels in same if pixels}
            found |= {pk for pk, sha256, pixels in part if sha256 in equal or pixels in alike}
        return found
