"""This process's copy of all banned codes, brought to the current revision before every verdict.

Nothing is refreshed by the clock: :meth:`BanIndex.catch_up` reads the revision (one row by
primary key) and loads exactly what changed since. Revisions are given out under an exclusive lock
and so commit in order: once revision *n* can be read, every row of revision ≤ *n* can. A process
starts from the packed file (:mod:`~moderation.services.search.index_files`) and catches up from there.
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
from moderation.domain.radii import Band
from moderation.exceptions import IndexUnavailable
from moderation.models import BannedImage, BlocklistChange, Fingerprint
from moderation.services import revision
from moderation.services.revision import RevisionState
from moderation.services.search.index_files import IndexFiles, bits_of
from moderation.services.search.loading import ROWS_PER_FETCH, Loader, rows_of

FEW = 500
"""Rows that are fetched in one go; more are streamed."""
MANY = 100
"""Changes of which the kinds are looked at; after more, everything is looked up anew."""

Kind = BlocklistChange.Kind
NOT_RETIRING: frozenset[str] = frozenset({*Kind} - {Kind.RETIRE, Kind.EXPIRE})
ONLY_ENTRIES: frozenset[str] = frozenset(
    {Kind.BAN, Kind.IMPORT, Kind.REHASH, Kind.RETIRE, Kind.EXPIRE, Kind.BACKGROUND}
)
"""Kinds that leave the lists' radii as they are."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """An index and the revision that it holds, at least."""

    state: RevisionState
    layers: dict[str, LayeredIndex]
    radii: dict[str, int]
    """How far to search, by algorithm."""
    local: bool = False
    """Whether any list uses the second tier."""

    def search(self, queries: Iterable[Code]) -> list[Hit]:
        """Return every entry within the widest radius of any query; one batched search an algorithm."""
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


class BanIndex:
    """One per process; threads share it."""

    def __init__(self) -> None:
        self.files = IndexFiles("banned")
        self._lock = threading.Lock()
        self._snapshot: Snapshot | None = None
        self._bands: dict[str, Band] = {}

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
        """Return the index at the committed revision.

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
        kinds = changes_since(held.state, state) if held is not None else None
        bands = selectors.bands(state.entries)
        layers: dict[str, LayeredIndex] = {}
        for name in bands:
            layer = held.layers.get(name) if held is not None and kinds is not None else None
            if layer is not None and layer.should_compact() and self.files.replaced(name):
                layer = None
            # Not `or`: an index without codes is false.
            if layer is None:
                layer = self.files.open(name, validate=lambda layer: _validate(layer, state))
            layers[name] = LayeredIndex(bits_of(name)) if layer is None else layer
        own_radii = bring(layers, state, kinds_since=(held.state.number, kinds) if held and kinds else None)
        if held is None or kinds is None or kinds - ONLY_ENTRIES or own_radii or bands != self._bands:
            radii, local = selectors.widest_radii(state.entries), selectors.local_wanted()
        else:
            radii, local = held.radii, held.local
        self._bands = bands
        self._snapshot = Snapshot(state, layers, radii, local)
        self.files.compact(layers)
        return self._snapshot


def _validate(layer: LayeredIndex, state: RevisionState) -> str:
    held = RevisionState(layer.revision, uuid.UUID(bytes=layer.history_id), 0)
    if held.number and continues(held, state):
        return ""
    return f"it is of revision {held.number} of another database, or of one that was restored since"


def continues(held: RevisionState, now: RevisionState) -> bool:
    """Return whether the database still has the history that the index was built from."""
    return changes_since(held, now) is not None


def changes_since(held: RevisionState, now: RevisionState) -> set[str] | None:
    """Return the kinds of change that have been made since; None where the database has another history."""
    if now.number <= held.number:
        return set() if (now.number, now.token) == (held.number, held.token) else None
    rows = BlocklistChange.objects.filter(revision__gte=held.number).order_by("revision")
    news = list(rows.values_list("revision", "token", "kind")[: MANY + 1])
    if held.number:
        if not news or news[0][:2] != (held.number, held.token):
            return None
        del news[0]
    return set(Kind.values) if len(news) >= MANY else {kind for _, _, kind in news}


def bring(
    layers: dict[str, LayeredIndex],
    state: RevisionState,
    *,
    kinds_since: tuple[int, set[str]] | None = None,
) -> bool:
    """Load what has changed between each index's own revision and ``state``; whether an entry with radii of
    its own was among the few that are new.

    ``kinds_since`` is a revision, and what kinds of change were made since: spares a look for entries that
    were retired where none was.
    """
    own_radii = False
    for held in {layer.revision for layer in layers.values()}:
        behind = {name: layer for name, layer in layers.items() if layer.revision == held}
        if held:
            own_radii |= _add(behind, held)
            if kinds_since is None or held < kinds_since[0] or kinds_since[1] - NOT_RETIRING:
                _retire(behind, BannedImage.objects.filter(retired_revision__gt=held))
        else:
            _add_all(behind)
            _retire(behind, BannedImage.objects.retired())
        for layer in behind.values():
            layer.mark_position(state.number, state.token.bytes)
    return own_radii


def _retire(layers: dict[str, LayeredIndex], gone: QuerySet[BannedImage]) -> None:
    # After the additions: an entry that is retired while they are read goes again. Without an order, which
    # would keep the database from using the index.
    items = np.fromiter(gone.order_by().values_list("pk", flat=True), dtype=np.int64)
    if len(items):
        for layer in layers.values():
            layer.retire(items)


def _add(layers: dict[str, LayeredIndex], since: int) -> bool:
    rows = Fingerprint.objects.active().filter(revision__gt=since)
    few = list(rows.values_list("algorithm", "bits", "banned_id", "banned__radii")[: FEW + 1])
    if len(few) > FEW:
        _load(layers, rows.values_list("algorithm", "bits", "banned_id").iterator(ROWS_PER_FETCH))
        return True
    _load(layers, (row[:3] for row in few))
    return any(row[3] for row in few)


def _add_all(layers: dict[str, LayeredIndex]) -> None:
    """Add all entries, retired ones too: they are few, and leaving them out by a join takes longer than loading
    them."""
    _load(layers, Fingerprint.objects.values_list("algorithm", "bits", "banned_id").iterator(ROWS_PER_FETCH))


def _load(layers: dict[str, LayeredIndex], rows: Iterable[tuple[str, bytes | memoryview[int], int]]) -> None:
    loader = Loader(layers)
    for algorithm, bits, banned in rows:
        loader.take(algorithm, bytes(bits), banned)
    loader.flush()


banned_codes = BanIndex()
"""The index of this process."""
