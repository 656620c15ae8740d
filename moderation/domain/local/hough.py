"""Which bans deserve verification: votes for a ban, then for a ban at a place, size and angle."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .budget import LocalBudget
from .frames import Places, places, similarities, viewed
from .layer import Layer
from .neighbours import Neighbours

FALL = 18.0
"""Bits: a neighbour at distance h weighs exp(−(h / 18)²) ÷ √(neighbours of its row)."""
TURN = 30.0
"""Degrees of a bin."""
SPACING = 48.0
"""Pixels of a bin for the ban's centre, at scale 1."""
LEAST_VOTES = 3
"""Different keypoints in a bin below which a ban is not verified."""
FEW_VOTES = 2
"""The same for a picture with few rows: a blurred copy has a dozen keypoints left that are as they were."""


class Candidate(NamedTuple):
    """A ban that may be in the upload."""

    item: int
    view: int
    weight: float


@dataclass(frozen=True, slots=True, eq=False)
class Votes:
    """Neighbours with what the vote needs: shape ``(n,)`` each."""

    row: NDArray[np.int64]
    key: NDArray[np.int64]
    """Ban and view: ``number of the ban · 4 + view``."""
    weight: NDArray[np.float64]
    bins: NDArray[np.int64]
    """Shape ``(n, 4)``, doubled resolution: angle, scale and centre."""
    items: NDArray[np.int64]
    """Item of each number."""
    rows: int
    """Of the query, with those that found nothing."""

    def without(self, rows: NDArray[np.bool_]) -> Votes:
        """Return the same without the votes of some rows."""
        kept = ~rows[self.row]
        return Votes(
            self.row[kept], self.key[kept], self.weight[kept], self.bins[kept], self.items, self.rows
        )


def cast(
    layers: tuple[Layer, ...], pairs: Neighbours, row_places: Places, row_views: NDArray[np.uint8], width: int
) -> Votes:
    """Turn neighbours into weighted votes for a ban at a place; ``width`` is that of the upload's raster, in pixels."""
    offsets = np.cumsum([0, *(len(layer.items) for layer in layers)])
    number = offsets[pairs.layer] + pairs.entry
    sizes = np.concatenate([layer.sizes for layer in layers])[number].astype(np.float64)
    view = row_views[pairs.row] ^ pairs.view
    key = number * 4 + view
    first = np.unique(pairs.row * (int(offsets[-1]) * 4) + key, return_index=True)[1]
    pairs = pairs.at(first)
    key, view, sizes = key[first], view[first], sizes[first]
    together = np.bincount(pairs.row)[pairs.row]
    weight = np.exp(-((pairs.distance / FALL) ** 2)) / np.sqrt(together)
    a, b, tx, ty = similarities(places(pairs.geometry), viewed(row_places.at(pairs.row), view, width))
    x = a * sizes[:, 0] / 2 - b * sizes[:, 1] / 2 + tx
    y = b * sizes[:, 0] / 2 + a * sizes[:, 1] / 2 + ty
    scale = np.log2(np.hypot(a, b))
    spacing = SPACING * np.exp2(np.round(scale))
    bins = np.stack([np.rad2deg(np.arctan2(b, a)) % 360 / TURN, scale, x / spacing, y / spacing], axis=1)
    half_steps = np.clip(np.floor(bins * 2), -500, 500).astype(np.int64)
    items = np.concatenate([layer.items for layer in layers])
    return Votes(pairs.row, key, weight, half_steps, items, len(row_views))


def score(votes: Votes, budget: LocalBudget, tried: set[tuple[int, int]]) -> tuple[list[Candidate], bool]:
    """Return the best ``budget.verified`` bans that were not ``tried``, and whether others were left out by the shortlist."""
    if not len(votes.key):
        return [], False
    keys, number = np.unique(votes.key, return_inverse=True)
    total = np.bincount(number, weights=votes.weight)
    short = np.lexsort((keys, -total))[: budget.shortlist]
    place = np.full(len(keys), -1)
    place[short] = np.arange(len(short))
    kept = np.flatnonzero(place[number] >= 0)
    entry, weight = place[number[kept]], votes.weight[kept]
    best = np.zeros(len(short))
    voices = np.zeros(len(short), dtype=np.int64)
    for shift in range(16):  # each dimension's bins in two positions, half a bin apart
        offset = np.array([(shift >> bit) & 1 for bit in range(4)])
        cell = (votes.bins[kept] + offset) >> 1
        cell[:, 0] %= int(360 / TURN)
        code = ((entry * 12 + cell[:, 0]) * 1024 + cell[:, 1] + 512) * 1024 * 1024
        code += (cell[:, 2] + 512) * 1024 + cell[:, 3] + 512
        where, bin_number = np.unique(code, return_inverse=True)
        owner = where // (12 * 1024 * 1024 * 1024)
        np.maximum.at(best, owner, np.bincount(bin_number, weights=weight))
        np.maximum.at(voices, owner, np.bincount(bin_number))
    order = np.lexsort((keys[short], -best))
    least = FEW_VOTES if votes.rows < budget.few_rows else LEAST_VOTES
    chosen = [
        Candidate(int(votes.items[keys[short[i]] // 4]), int(keys[short[i]] % 4), float(best[i]))
        for i in order
        if voices[i] >= least
    ]
    return [c for c in chosen if (c.item, c.view) not in tried], len(keys) > budget.shortlist
