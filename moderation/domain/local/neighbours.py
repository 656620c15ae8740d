"""Banned keypoints near an upload's, under budget."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .budget import LocalBudget
from .layer import ENTRY_MASK, VIEW_SHIFT, Layer
from .signature import Codes

NEAR = 24
"""Bits of 128 within which a banned keypoint is a neighbour; verification looks further."""
BLOCK = 65_536
"""Distances computed at a time: what a processor's own memory holds."""


class Neighbours(NamedTuple):
    """Parallel arrays, a pair each, by row and then by distance."""

    row: NDArray[np.int64]
    """Row of the query."""
    layer: NDArray[np.int8]
    entry: NDArray[np.int64]
    """Within its layer."""
    view: NDArray[np.uint8]
    """Of the ban's keypoint."""
    distance: NDArray[np.int64]
    geometry: NDArray[np.uint8]
    """Shape ``(n, 4)``."""

    def at(self, which: NDArray[np.int64]) -> Neighbours:
        """Return some of the pairs."""
        return Neighbours(
            self.row[which],
            self.layer[which],
            self.entry[which],
            self.view[which],
            self.distance[which],
            self.geometry[which],
        )

    @classmethod
    def joined(cls, parts: list[Neighbours]) -> Neighbours:
        """Return all pairs of several parts."""
        return cls(
            np.concatenate([part.row for part in parts]),
            np.concatenate([part.layer for part in parts]),
            np.concatenate([part.entry for part in parts]),
            np.concatenate([part.view for part in parts]),
            np.concatenate([part.distance for part in parts]),
            np.concatenate([part.geometry for part in parts]),
        )


def neighbours(
    layers: tuple[Layer, ...], codes: Codes, probes: NDArray[np.uint32], budget: LocalBudget
) -> tuple[Neighbours, list[str], int]:
    """Return the pairs, the budget that cut something off, and how many distances were computed."""
    notes: list[str] = []
    low, length, cut = [], [], False
    for layer in layers:
        first, last = layer.bounds(probes)
        cut = cut or bool((last - first > budget.cell_rows).any())
        low.append(first)
        length.append(np.minimum(last - first, budget.cell_rows))
    if cut:
        notes.append("local_cell_rows")
    cost = np.zeros(len(codes), dtype=np.int64)
    for part in length:
        cost += part.sum(axis=1)
    rarest = np.argsort(cost, kind="stable")
    allowed = np.zeros(len(codes), dtype=bool)
    allowed[rarest[np.cumsum(cost[rarest]) <= budget.checks]] = True
    if not allowed.all():
        notes.append("local_checks")
    words = np.ascontiguousarray(codes).view(np.uint64).reshape(-1, 2)
    found = [
        part
        for number, layer in enumerate(layers)
        for part in _scan(layer, number, words, low[number], np.where(allowed[:, None], length[number], 0))
    ]
    if not found:
        return _nothing(), notes, 0
    pairs = Neighbours.joined(found)
    most = budget.neighbours_of(len(codes))
    order, full = _nearest(pairs, len(codes), most)
    if full * 4 > len(codes):  # that some corner of some edge has dozens of twins is no news
        notes.append("local_neighbours")
    if len(order) > budget.matches:
        notes.append("local_matches")
        order = order[: budget.matches]
    return pairs.at(order), notes, int(cost[allowed].sum())


def _nearest(pairs: Neighbours, rows: int, most: int) -> tuple[NDArray[np.int64], int]:
    """Return the ``most`` nearest pairs of each row, by row, distance, layer and entry; and how many rows have more.

    Most pairs are not among them: a count by row and distance says so, and only the others are sorted.
    """
    steps = NEAR + 2
    counts = np.bincount(pairs.row * steps + pairs.distance, minlength=rows * steps).reshape(rows, steps)
    total = np.cumsum(counts, axis=1)
    last = (total < most).sum(axis=1)  # the distance at which a row is full; its pairs come in by entry
    kept = np.flatnonzero(pairs.distance <= last[pairs.row])
    key = (pairs.row << 48) | (pairs.distance << 40) | (pairs.layer.astype(np.int64) << 32) | pairs.entry
    kept = kept[np.argsort(key[kept], kind="stable")]
    row = pairs.row[kept]
    rank = np.arange(len(row)) - np.searchsorted(row, np.arange(rows), "left")[row]
    return kept[rank < most], int((total[:, -1] > most).sum())


def _scan(
    layer: Layer, number: int, words: NDArray[np.uint64], low: NDArray[np.int64], length: NDArray[np.int64]
) -> list[Neighbours]:
    found: list[Neighbours] = []
    some = np.flatnonzero(length)
    starts, counts = low.reshape(-1)[some], length.reshape(-1)[some]
    query = some // length.shape[1]
    ends = np.cumsum(counts)
    begin = 0
    while begin < len(some):
        done = int(ends[begin - 1]) if begin else 0
        stop = max(begin + 1, int(np.searchsorted(ends, done + BLOCK, "right")))
        size, last = counts[begin:stop], ends[begin:stop] - done
        at = np.arange(last[-1]) + np.repeat(starts[begin:stop] - last + size, size)
        difference = np.repeat(words.take(query[begin:stop], axis=0), size, axis=0)
        difference ^= layer.rows.codes.take(at, axis=0)
        bits = np.bitwise_count(difference)
        distance = bits[:, 0] + bits[:, 1]
        near = np.flatnonzero(distance <= NEAR)
        place = at[near]
        owner = layer.rows.owner[place]
        entry = (owner & np.uint32(ENTRY_MASK)).astype(np.int64)
        if not layer.alive.all():
            live = np.flatnonzero(layer.alive[entry])
            near, place, owner, entry = near[live], place[live], owner[live], entry[live]
        found.append(
            Neighbours(
                query[begin + np.searchsorted(last, near, "right")],
                np.full(len(near), number, dtype=np.int8),
                entry,
                (owner >> np.uint32(VIEW_SHIFT)).astype(np.uint8),
                distance[near].astype(np.int64),
                layer.rows.geometry.take(place, axis=0),
            )
        )
        begin = stop
    return found


def _nothing() -> Neighbours:
    none = np.empty(0, dtype=np.int64)
    return Neighbours(
        none, none.astype(np.int8), none, none.astype(np.uint8), none, np.empty((0, 4), np.uint8)
    )
