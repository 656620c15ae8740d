"""The codes of earlier uploads, searchable: what a new ban reaches back to.

Rows are loaded in the order of their ids, each once. A screening inserts its codes under the shared
lock, so ids may become visible out of order, but only while the revision stands still: an id that was
missing at revision *r* is looked for until the revision has moved past *r*; whoever had it has
committed or given up by then. So this index is exact for every upload that was screened before the
change that asks.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterable, Iterator
from functools import reduce
from operator import or_

from django.db.models import Q

from moderation import selectors
from moderation.domain.analysis import Code
from moderation.domain.index import LayeredIndex
from moderation.models import UploadFingerprints
from moderation.services import revision
from moderation.services.revision import RevisionState
from moderation.services.search.index import continues
from moderation.services.search.index_files import IndexFiles, bits_of
from moderation.services.search.loading import ROWS_PER_FETCH, Loader, rows_of

COLUMNS = ("pk", "revision", "algorithm", "codes", "upload_id")
MOST_GAPS = 100
"""Gaps that are asked for one by one; more are looked for as one."""


class UploadIndex:
    """One per process; items are upload ids."""

    def __init__(self, *, use_files: bool = True) -> None:
        self.files = IndexFiles("uploads", used=use_files)
        self._lock = threading.Lock()
        self._reset()

    def _reset(self) -> None:
        self._layers: dict[str, LayeredIndex] = {}
        self._state: RevisionState | None = None
        self._last = 0
        """Highest row id that was loaded."""
        self._digest = b""
        """Of that row: whether the database is still the one that it came from."""
        self._gaps: list[tuple[int, int, int]] = []
        """Ranges of ids below it that were not there (first, last), and the revision at which they were
        missing."""

    def forget(self) -> None:
        """Start anew at the next search."""
        with self._lock:
            self.files.wait()
            self.files = IndexFiles("uploads", used=self.files.used)
            self._reset()

    def catch_up(self) -> dict[str, LayeredIndex]:
        """Load what has been screened since the last call."""
        with self._lock:
            # Read before the rows: what is missing below is missing at this revision or a later one.
            state = revision.current()
            names = set(selectors.bands(state.entries))
            if self._state is None or names != set(self._layers) or not self._goes_on(self._state, state):
                self._begin(names)
            self._load(state)
            self._state = state
            if self.files.due(self._layers):
                self.sign()
            self.files.compact(self._layers)
            return self._layers

    def _goes_on(self, held: RevisionState, now: RevisionState) -> bool:
        return continues(held, now) and (not self._last or _digest_of(self._last) == self._digest)

    def _begin(self, names: set[str]) -> None:
        self._reset()
        for name in sorted(names):
            layer = self.files.open(name, validate=_validate)
            self._layers[name] = LayeredIndex(bits_of(name)) if layer is None else layer
        self._last = min((layer.revision for layer in self._layers.values()), default=0)
        self._digest = _digest_of(self._last)

    def _load(self, state: RevisionState) -> None:
        loader = Loader(self._layers)
        for _, _, algorithm, codes, upload in self._late():
            loader.take(algorithm, bytes(codes), upload)
        # Looked for after the revision had moved, and still not there: given up or deleted.
        gaps = [gap for gap in self._gaps if gap[2] >= state.number]
        fresh: list[tuple[int, int, int]] = []
        seen = self._last
        rows = UploadFingerprints.objects.filter(pk__gt=seen).order_by("pk").values_list(*COLUMNS)
        for pk, screened, algorithm, codes, upload in rows.iterator(ROWS_PER_FETCH):
            loader.take(algorithm, bytes(codes), upload)
            if screened < state.number:
                # Ids are given out in order: who had one below this has ended with the revision.
                fresh.clear()
            elif pk > seen + 1:
                fresh.append((seen + 1, pk - 1, state.number))
            seen = pk
        loader.flush()
        self._gaps = gaps + fresh
        if seen != self._last:
            self._last, self._digest = seen, _digest_of(seen)

    def _late(self) -> Iterator[tuple[int, int, str, bytes, int]]:
        if not self._gaps:
            return
        wanted = Q(pk__range=(min(gap[0] for gap in self._gaps), max(gap[1] for gap in self._gaps)))
        if len(self._gaps) <= MOST_GAPS:
            wanted = reduce(or_, (Q(pk__range=gap[:2]) for gap in self._gaps))
        yield from UploadFingerprints.objects.filter(wanted).values_list(*COLUMNS).iterator(ROWS_PER_FETCH)

    def sign(self) -> None:
        """Say up to which row a file that is written now will be complete, and mark that row."""
        safe = min((gap[0] - 1 for gap in self._gaps), default=self._last)
        rows = UploadFingerprints.objects.filter(pk__lte=safe).order_by("-pk")
        anchor = rows.values_list("pk", flat=True).first()
        if anchor is not None:
            for layer in self._layers.values():
                layer.mark_position(anchor, _digest_of(anchor))

    def within(self, codes: Iterable[Code], radii: dict[str, int]) -> dict[int, dict[str, int]]:
        """Upload id → algorithm → smallest distance, for uploads within ``radii`` of any code."""
        layers = self.catch_up()
        grouped: dict[str, list[bytes]] = {}
        for code in codes:
            grouped.setdefault(code.algorithm, []).append(code.bits)
        found: dict[int, dict[str, int]] = {}
        for algorithm, bits in grouped.items():
            if algorithm not in layers or radii.get(algorithm, -1) < 0:
                continue
            hits = layers[algorithm].search(rows_of(bits), radii[algorithm])
            for item, distance in zip(hits.item.tolist(), hits.distance.tolist(), strict=True):
                distances = found.setdefault(item, {})
                distances[algorithm] = min(distance, distances.get(algorithm, distance))
        return found


def _validate(layer: LayeredIndex) -> str:
    if layer.revision and _digest_of(layer.revision) == layer.history_id:
        return ""
    return f"the upload at its end (row {layer.revision}) is not the one that it was made from"


def _digest_of(pk: int) -> bytes:
    """Return 16 bytes that tell a row from another with the same id; empty where there is none."""
    row = UploadFingerprints.objects.filter(pk=pk).values_list("upload_id", "algorithm", "codes").first()
    if row is None:
        return b""
    upload, algorithm, codes = row
    return hashlib.sha256(f"{upload} {algorithm} ".encode() + bytes(codes)).digest()[:16]


earlier_uploads = UploadIndex()
"""The index of this process."""
