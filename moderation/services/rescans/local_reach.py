"""Bans against the stored signatures of earlier uploads: one pass over the uploads, however many bans.

Signatures hold no pixels, so what is found here *may* show a ban; it is decoded and judged again. Uploads
come in the order of their ids, a stretch at a time, so a search can stop after any stretch and go on.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from django.db.models import QuerySet

from moderation import selectors
from moderation.domain.local.index import METHOD
from moderation.domain.local.reach import UPLOADS_PER_STEP, Stretch, probing, shows_one
from moderation.domain.local.signature import LocalSignature
from moderation.domain.local.strength import HOLD, strength
from moderation.domain.local.verify import Query, verify
from moderation.models import BannedImage, LocalFingerprint, Upload, UploadLocalFingerprint
from moderation.services.rescans import rescreening
from moderation.services.search import local

MANY = 400
"""Signatures of bans from which the uploads are looked up in this process's index instead of the bans in
the uploads: 0.03 ms an upload and ban, against 6 ms an upload in an index of 400, and more in a longer one."""

Row = tuple[int, LocalSignature]


@dataclass(frozen=True, slots=True)
class Found:
    """A stretch of uploads."""

    uploads: frozenset[int]
    """Those that may show one of the bans."""
    last: int
    """The id up to which the search is complete."""
    looked_at: int
    """Uploads with signatures so far."""


class Bans:
    """Entries, to be looked for in earlier uploads. False where the tier has nothing of them."""

    def __init__(self, entries: QuerySet[BannedImage]) -> None:
        self._rows = LocalFingerprint.objects.none()
        if selectors.local_wanted():
            # Imported hashes have no picture, and there may be a million of them.
            wanted = entries.filter(exact_only=False).exclude(local=BannedImage.Local.OFF).order_by()
            self._rows = LocalFingerprint.objects.filter(banned__in=wanted, method=METHOD).order_by()
        self._items = frozenset(self._rows.values_list("pk", flat=True))
        self._queries = [] if len(self._items) > MANY else self._made()

    def __bool__(self) -> bool:
        return bool(self._items)

    def _made(self) -> list[Query]:
        rows = self._rows.values_list("data", flat=True)
        return [Query(probing(LocalSignature.from_bytes(bytes(data)))) for data in rows]

    def search(self, *, after: int, upto: int | None = None) -> Iterator[Found]:
        """Open uploads with an id above ``after``, and at most ``upto``."""
        looked_at = 0
        for rows in _stretches(after, upto):
            looked_at += len({upload for upload, _ in rows})
            yield Found(frozenset(self._showing(rows)), rows[-1][0], looked_at)

    def _showing(self, rows: list[Row]) -> set[int]:
        if self._queries:
            stretch = Stretch(rows)
            return {one.upload for query in self._queries for one in stretch.showing(query)}
        index, _ = local.banned_signatures.catch_up()
        layers = index.layers
        return {upload for upload, one in rows if shows_one(one, layers, local.load, self._items)}


def total(*, after: int = 0) -> int:
    """Open uploads with signatures above an id."""
    return _open().filter(upload_id__gt=after).values("upload_id").distinct().count()


def _open() -> QuerySet[UploadLocalFingerprint]:
    return UploadLocalFingerprint.objects.open().filter(method=METHOD)


def _stretches(after: int, upto: int | None) -> Iterator[list[Row]]:
    rows = _open() if upto is None else _open().filter(upload_id__lte=upto)
    columns = rows.order_by("upload_id", "pk").values_list("upload_id", "data")
    while found := list(columns.filter(upload_id__gt=after)[:UPLOADS_PER_STEP]):
        last = found[-1][0]
        if len(found) == UPLOADS_PER_STEP:
            # The views of the last one may go on behind the batch.
            found = [row for row in found if row[0] != last] or list(columns.filter(upload_id=last))
        after = found[-1][0]
        yield [(upload, LocalSignature.from_bytes(bytes(data))) for upload, data in found]


NEWEST = 1_200
"""Stored signatures that a ban is compared with before it is made: some 0.2 s for all bans of a page together."""
CLOSELY = 8
"""Pictures that are decoded to see whether they show a ban, where as many seem to."""


@dataclass(frozen=True, slots=True)
class Sample:
    """What a ban that is not made yet shares with the newest uploads."""

    looked_at: int
    """Uploads."""
    alike: tuple[int, ...]
    """Those that may show it, the newest first."""
    closely: int = 0
    """Of these, how many were decoded; a few, one of each person, and only where there are many."""
    shown: int = 0
    """Of those, how many the second tier would find."""


def samples(bans: Sequence[LocalSignature]) -> list[Sample]:
    """Return one sample for each ban, in one pass over the newest open uploads."""
    rows = list(_open().order_by("-upload_id", "-pk").values_list("upload_id", "data")[:NEWEST])
    signatures = [(upload, LocalSignature.from_bytes(bytes(data))) for upload, data in rows]
    looked_at = len({upload for upload, _ in rows})
    queries = [Query(probing(ban)) for ban in bans]
    alike: list[set[int]] = [set() for _ in bans]
    for start in range(0, len(signatures), UPLOADS_PER_STEP):
        stretch = Stretch(signatures[start : start + UPLOADS_PER_STEP])
        for query, found in zip(queries, alike, strict=True):
            found.update(one.upload for one in stretch.showing(query))
    return [
        _closely(Sample(looked_at, tuple(sorted(found, reverse=True))), ban)
        for found, ban in zip(alike, bans, strict=True)
    ]


def _closely(sample: Sample, ban: LocalSignature) -> Sample:
    if len(sample.alike) < CLOSELY:
        return sample
    alike = {upload.pk: upload for upload in Upload.objects.filter(pk__in=sample.alike)}
    newest: dict[tuple[str, str], Upload] = {}
    for upload in (alike[pk] for pk in sample.alike if pk in alike):
        # One of each: a person with many copies is not what many people have in common.
        newest.setdefault((upload.owner_type, upload.owner_id), upload)
    chosen = list(newest.values())[:CLOSELY]
    checked = [shown for upload in chosen if (shown := _shows(upload, ban)) is not None]
    return replace(sample, closely=len(checked), shown=sum(checked))


def _shows(upload: Upload, ban: LocalSignature) -> bool | None:
    """Return whether the tier would find the ban in an upload; None where its picture cannot be read."""
    matches = [verify(one, ban) for one in rescreening.features_of(upload)]
    return any(match is not None and strength(match) >= HOLD for match in matches) if matches else None
