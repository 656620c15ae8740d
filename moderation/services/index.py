"""This process's copy of all banned codes, brought to the current revision before every verdict.

Nothing is refreshed by the clock: :meth:`ProcessIndex.catch_up` reads the revision (one row by
primary key) and loads exactly what changed since. Revisions are given out under an exclusive lock
and so commit in order: once revision *n* can be read, every row of revision ≤ *n* can.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from django.db import DatabaseError

from moderation import selectors
from moderation.domain.analysis import Code
from moderation.domain.fingerprints import ALGORITHMS
from moderation.domain.index import LayeredIndex
from moderation.domain.policy import Hit
from moderation.exceptions import IndexUnavailable
from moderation.models import BannedImage, BlocklistChange, Fingerprint
from moderation.services import revision

logger = logging.getLogger("moderation.index")

BATCH = 20_000
"""Rows that are loaded at a time."""


def rows_of(codes: Sequence[bytes]) -> np.ndarray[tuple[int, int], np.dtype[np.uint8]]:
    """Codes of one width as an array of shape ``(n, bytes)``."""
    return np.frombuffer(b"".join(codes), dtype=np.uint8).reshape(len(codes), -1)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """An index and the revision that it holds, at least."""

    state: revision.RevisionState
    layers: dict[str, LayeredIndex]
    radii: dict[str, int]
    """How far to search, by algorithm."""

    def search(self, queries: Iterable[Code]) -> list[Hit]:
        """Every entry within the widest radius of any query; one batched search an algorithm."""
        hits: list[Hit] = []
        grouped: dict[str, list[Code]] = {}
        for code in queries:
            grouped.setdefault(code.algorithm, []).append(code)
        for algorithm, codes in grouped.items():
            radius = self.radii.get(algorithm, -1)
            layer = self.layers.get(algorithm)
            if layer is None or radius < 0:
                continue
            found = layer.search(rows_of([code.bits for code in codes]), radius)
            for row, item, distance in zip(
                found.query.tolist(), found.item.tolist(), found.distance.tolist(), strict=True
            ):
                code = codes[row]
                hits.append(Hit(item, algorithm, distance, code.view, code.variant))
        return hits


class ProcessIndex:
    """One per process; threads share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._snapshot: Snapshot | None = None

    @property
    def snapshot(self) -> Snapshot | None:
        """What this process holds, without asking the database."""
        return self._snapshot

    def forget(self) -> None:
        """Start anew at the next search."""
        with self._lock:
            self._snapshot = None

    def catch_up(self) -> Snapshot:
        """The index at the committed revision.

        Raises :class:`IndexUnavailable` where the database cannot be read: then nothing is approved.
        """
        try:
            state = revision.current()
            snapshot = self._snapshot
            if snapshot is not None and snapshot.state == state:
                return snapshot
            with self._lock:
                return self._advance(revision.current())
        except DatabaseError as error:
            raise IndexUnavailable from error

    def _advance(self, state: revision.RevisionState) -> Snapshot:
        snapshot = self._snapshot
        if snapshot is not None and snapshot.state == state:
            return snapshot
        if snapshot is None or not continues(snapshot.state, state):
            layers = {}
            since = 0
        else:
            layers, since = dict(snapshot.layers), snapshot.state.number
        for name in selectors.bands(state.entries):
            if name not in layers:
                layers[name] = LayeredIndex(ALGORITHMS[name.partition("/")[0]].bits)
                since = 0
        _retire(layers, since, state.number)
        _add(layers, since, state.number)
        self._snapshot = Snapshot(state, layers, selectors.widest_radii(state.entries))
        return self._snapshot


def continues(held: revision.RevisionState, now: revision.RevisionState) -> bool:
    """Whether the database still has the history that the index was built from."""
    if now.number < held.number:
        return False
    if now.number == held.number:
        return now.token == held.token
    return held.number == 0 or BlocklistChange.objects.filter(revision=held.number, token=held.token).exists()


def _retire(layers: dict[str, LayeredIndex], since: int, until: int) -> None:
    if since == 0:
        return
    gone = BannedImage.objects.filter(retired_revision__gt=since, retired_revision__lte=until)
    items = np.fromiter(gone.values_list("pk", flat=True), dtype=np.int64)
    if len(items):
        for layer in layers.values():
            layer.retire(items)


def _add(layers: dict[str, LayeredIndex], since: int, until: int) -> None:
    rows = Fingerprint.objects.filter(
        revision__gt=since, revision__lte=until, banned__retired_revision__isnull=True
    ).order_by("pk")
    pending: dict[str, tuple[list[bytes], list[int]]] = {}
    for algorithm, bits, banned in rows.values_list("algorithm", "bits", "banned_id").iterator(BATCH):
        if algorithm not in layers:
            continue
        codes, items = pending.setdefault(algorithm, ([], []))
        codes.append(bytes(bits))
        items.append(banned)
        if len(codes) >= BATCH:
            _flush(layers, pending)
    _flush(layers, pending)


def _flush(layers: dict[str, LayeredIndex], pending: dict[str, tuple[list[bytes], list[int]]]) -> None:
    for algorithm, (codes, items) in pending.items():
        if codes:
            layers[algorithm].add(rows_of(codes), np.array(items, dtype=np.int64))
    pending.clear()


banned_codes = ProcessIndex()
"""The index of this process."""
