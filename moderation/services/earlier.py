"""The codes of earlier uploads, searchable: what a new ban reaches back to.

A screening commits under the shared lock at the revision that it writes with its codes. So once the
revision has moved past *r*, the rows of revision *r* are complete, and this index is exact for every
upload that was screened before the change that asks. Rows of the current revision are added as far
as they are there; adding a pair twice changes nothing, so they are read once more when the revision
has moved.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable

import numpy as np

from moderation import selectors
from moderation.domain.analysis import Code
from moderation.domain.fingerprints import ALGORITHMS
from moderation.domain.index import LayeredIndex
from moderation.models import UploadFingerprints
from moderation.services import revision
from moderation.services.index import BATCH, continues, rows_of


class EarlierUploads:
    """One per process; items are upload ids."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._layers: dict[str, LayeredIndex] = {}
        self._state: revision.RevisionState | None = None

    def forget(self) -> None:
        """Start anew at the next search."""
        with self._lock:
            self._layers, self._state = {}, None

    def catch_up(self) -> dict[str, LayeredIndex]:
        """Load what has been screened since the last call."""
        with self._lock:
            state = revision.current()
            since = 0
            if self._state is not None and continues(self._state, state):
                since = self._state.number
            else:
                self._layers = {}
            for name in selectors.bands(state.entries):
                if name not in self._layers:
                    self._layers[name] = LayeredIndex(ALGORITHMS[name.partition("/")[0]].bits)
                    since = 0
            self._load(since)
            self._state = state
            return self._layers

    def _load(self, since: int) -> None:
        rows = UploadFingerprints.objects.filter(revision__gte=since).order_by("revision", "pk")
        pending: dict[str, tuple[list[bytes], list[int]]] = {name: ([], []) for name in self._layers}
        for algorithm, codes, places, upload in rows.values_list(
            "algorithm", "codes", "places", "upload_id"
        ).iterator(BATCH):
            if algorithm not in pending or not places:
                continue
            data, items = pending[algorithm]
            data.append(bytes(codes))
            items.extend([upload] * len(places))
            if len(items) >= BATCH:
                self._add(algorithm, data, items)
                pending[algorithm] = ([], [])
        for algorithm, (data, items) in pending.items():
            self._add(algorithm, data, items)

    def _add(self, algorithm: str, data: list[bytes], items: list[int]) -> None:
        if items:
            width = self._layers[algorithm].bits // 8
            codes = rows_of([b"".join(data)]).reshape(-1, width)
            self._layers[algorithm].add(codes, np.array(items, dtype=np.int64))

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


earlier_uploads = EarlierUploads()
"""The index of this process."""
