"""The arrays of a packed index, and how they are made from pairs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from moderation.domain.index.contract import Items
from moderation.domain.index.words import Words


@dataclass(frozen=True, slots=True)
class Packing:
    """Distinct codes in columns, and the pairs in two orders. Nothing here is ever changed."""

    columns: Words
    """Shape ``(bits // 64, rows)``."""
    row_start: NDArray[np.uint32]
    """Shape ``(rows + 1,)``: the pairs of row ``i`` are ``row_pairs[row_start[i]:row_start[i + 1]]``."""
    row_pairs: NDArray[np.uint32]
    """Shape ``(pairs,)``, numbers of pairs."""
    items: Items
    """Shape ``(pairs,)``, ascending: an item is found by bisection."""
    pair_rows: NDArray[np.uint32]
    """Shape ``(pairs,)``: the row of each pair."""

    @property
    def rows(self) -> int:
        """Number of distinct codes."""
        return int(self.columns.shape[1])

    @property
    def pairs(self) -> int:
        """Number of (code, item) pairs."""
        return len(self.items)


def pack(words: Words, items: Items) -> Packing:
    """Return arrays for these pairs; repeated pairs are stored once."""
    columns, row = _distinct(words)
    order = np.lexsort((row, items))
    items, row = items[order], row[order]
    if len(items):
        first = np.ones(len(items), bool)
        first[1:] = (items[1:] != items[:-1]) | (row[1:] != row[:-1])
        items, row = items[first], row[first]
    start = np.zeros(columns.shape[1] + 1, np.uint32)
    np.cumsum(np.bincount(row, minlength=columns.shape[1]), out=start[1:])
    by_row = np.argsort(row, kind="stable").astype(np.uint32)
    return Packing(columns, start, by_row, items, row.astype(np.uint32))


def merged(parts: Sequence[tuple[Packing, Items]]) -> Packing:
    """Return one packing from several, each without the pairs of the items given with it (ascending)."""
    words, items = [], []
    for packing, dead in parts:
        live = ~among(packing.items, dead)
        words.append(packing.columns[:, packing.pair_rows[live]])
        items.append(packing.items[live])
    return pack(np.concatenate(words, axis=1), np.concatenate(items))


def among(items: Items, ascending: Items) -> NDArray[np.bool_]:
    """Return for each item whether it is one of ``ascending``."""
    if not len(ascending):
        return np.zeros(len(items), bool)
    place = np.minimum(np.searchsorted(ascending, items), len(ascending) - 1)
    found: NDArray[np.bool_] = ascending[place] == items
    return found


def spread(start: NDArray[np.int64], count: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return ``start[0], start[0] + 1, …`` (``count[0]`` of them), then the same for each further run."""
    ends = np.cumsum(count)
    total = int(ends[-1]) if len(ends) else 0
    return np.repeat(start - (ends - count), count) + np.arange(total)


def _distinct(words: Words) -> tuple[Words, NDArray[np.int64]]:
    """Return each code once, and for every given code its place among them."""
    size = words.shape[1]
    if not size:
        return words, np.empty(0, np.int64)
    order = np.argsort(_mixed(words), kind="stable")
    new = _changes(words, order)
    if len(words) > 1 and not _ordered(words, order, new):
        # Two codes share the mixed word (by chance once in 2⁶⁴, or by an attacker's wish).
        order = np.lexsort(words)
        new = _changes(words, order)
    row = np.empty(size, np.int64)
    row[order] = np.cumsum(new) - 1
    return np.ascontiguousarray(words[:, order[new]]), row


def _changes(words: Words, order: NDArray[np.intp]) -> NDArray[np.bool_]:
    new = np.zeros(len(order), bool)
    new[0] = True
    for column in words:
        ordered = column[order]
        new[1:] |= ordered[1:] != ordered[:-1]
    return new


def _ordered(words: Words, order: NDArray[np.intp], new: NDArray[np.bool_]) -> bool:
    """Return whether every change of the code is a change of its mixed word."""
    mixed = _mixed(words)[order]
    return bool((mixed[1:][new[1:]] != mixed[:-1][new[1:]]).all())


def _mixed(words: Words) -> NDArray[np.uint64]:
    """Return one word per code, by which equal codes come together faster than by sorting all columns."""
    mixed: NDArray[np.uint64] = words[0].copy()
    for column in words[1:]:
        mixed *= np.uint64(0x9E3779B97F4A7C15)
        mixed ^= mixed >> np.uint64(29)
        mixed += column
    return mixed
