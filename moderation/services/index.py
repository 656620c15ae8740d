"""This process's copy of all banned codes, brought to the current revision before every verdict.

Nothing is refreshed by the clock: :meth:`ProcessIndex.catch_up` reads the revision (one row by
primary key) and loads exactly what changed since. Revisions are given out under an exclusive lock
and so commit in order: once revision *n* can be read, every row of revision ≤ *n* can. A process
starts from the packed file (:mod:`~moderation.services.index_files`) and catches up from there.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from django.db import DatabaseError
from django.db.models import QuerySet

from moderation import selectors
from moderation.domain.analysis import Code
from moderation.domain.index import LayeredIndex
from moderation.domain.policy import Hit
from moderation.exceptions import IndexUnavailable
from moderation.models import BannedImage, BlocklistChange, Fingerprint
from moderation.services import revision
from moderation.services.index_files import IndexFiles, bits_of
from moderation.services.loading import AT_ONCE, Loader, rows_of
from moderation.services.revision import RevisionState

FEW = 500
"""Rows that are fetched in one go; more are streamed."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """An index and the revision that it holds, at least."""

    state: RevisionState
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
        self.files = IndexFiles("banned")
        self._lock = threading.Lock()
        self._snapshot: Snapshot | None = None

    @property
    def snapshot(self) -> Snapshot | None:
        """What this process holds, without asking the database."""
        return self._snapshot

    def forget(self) -> None:
        """Start anew at the next search."""
        with self._lock:
            self.files.wait()
            self.files = IndexFiles("banned")
            self._snapshot = None

    def catch_up(self) -> Snapshot:
        """The index at the committed revision.

        Raises :class:`IndexUnavailable` where the database cannot be read: then nothing is approved.
        """
        try:
            state = revision.current()
            seen = self._snapshot
            if seen is not None and seen.state == state:
                return seen
            with self._lock:
                if self._snapshot is not seen:
                    # Another thread was faster; what was read before the wait may be out of date.
                    state = revision.current()
                return self._advance(state)
        except DatabaseError as error:
            raise IndexUnavailable from error

    def _advance(self, state: RevisionState) -> Snapshot:
        held = self._snapshot
        if held is not None and held.state == state:
            return held
        goes_on = held is not None and continues(held.state, state)
        layers: dict[str, LayeredIndex] = {}
        since: dict[str, int] = {}
        for name in selectors.bands(state.entries):
            layer = held.layers.get(name) if held is not None and goes_on else None
            if layer is not None and layer.should_fold() and self.files.replaced(name):
                layer = None
            layer = layer or self.files.open(name, doubt=lambda layer: _doubt(layer, state))
            layers[name] = layer or LayeredIndex(bits_of(name))
            since[name] = layers[name].revision
        bring(layers, since, state)
        self._snapshot = Snapshot(state, layers, selectors.widest_radii(state.entries))
        self.files.tend(layers)
        return self._snapshot


def _doubt(layer: LayeredIndex, state: RevisionState) -> str:
    held = RevisionState(layer.revision, uuid.UUID(bytes=layer.lineage), 0)
    if held.number and continues(held, state):
        return ""
    return f"it is of revision {held.number} of another database, or of one that was restored since"


def continues(held: RevisionState, now: RevisionState) -> bool:
    """Whether the database still has the history that the index was built from."""
    if now.number < held.number:
        return False
    if now.number == held.number:
        return now.token == held.token
    return held.number == 0 or BlocklistChange.objects.filter(revision=held.number, token=held.token).exists()


def bring(layers: dict[str, LayeredIndex], since: dict[str, int], state: RevisionState) -> None:
    """Load what has changed between each index's revision in ``since`` and ``state``."""
    for held in set(since.values()):
        behind = {name: layers[name] for name, number in since.items() if number == held}
        if held:
            _add(behind, held)
            _retire(behind, BannedImage.objects.filter(retired_revision__gt=held))
        else:
            _add_all(behind)
            _retire(behind, BannedImage.objects.filter(retired_revision__isnull=False))
        for layer in behind.values():
            layer.stand_for(state.number, state.token.bytes)


def _retire(layers: dict[str, LayeredIndex], gone: QuerySet[BannedImage]) -> None:
    # After the additions: an entry that is retired while they are read goes again.
    items = np.fromiter(gone.values_list("pk", flat=True), dtype=np.int64)
    if len(items):
        for layer in layers.values():
            layer.retire(items)


def _add(layers: dict[str, LayeredIndex], since: int) -> None:
    rows = Fingerprint.objects.filter(revision__gt=since, banned__retired_revision__isnull=True).values_list(
        "algorithm", "bits", "banned_id"
    )
    few = list(rows[: FEW + 1])
    _load(layers, few if len(few) <= FEW else rows.iterator(AT_ONCE))


def _add_all(layers: dict[str, LayeredIndex]) -> None:
    """Retired ones too: they are few, and leaving them out by a join takes longer than loading them."""
    _load(layers, Fingerprint.objects.values_list("algorithm", "bits", "banned_id").iterator(AT_ONCE))


def _load(layers: dict[str, LayeredIndex], rows: Iterable[tuple[str, bytes | memoryview[int], int]]) -> None:
    loader = Loader(layers)
    for algorithm, bits, banned in rows:
        loader.take(algorithm, bytes(bits), banned)
    loader.flush()


banned_codes = ProcessIndex()
"""The index of this process."""
