"""Keypoints of many bans, sorted by cell: in a mapped file (packed) or in memory (fresh)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .signature import LocalSignature

CELL_COUNT = 1 << 20
VIEW_SHIFT = 30
ENTRY_MASK = (1 << VIEW_SHIFT) - 1


class Rows(NamedTuple):
    """Parallel arrays, a banned keypoint each: 24 bytes."""

    codes: NDArray[np.uint64]
    """Shape ``(n, 2)``."""
    owner: NDArray[np.uint32]
    """Entry of the layer; the view in which the keypoint was written in the two highest bits."""
    geometry: NDArray[np.uint8]
    """Shape ``(n, 4)``: x, y, scale, angle."""


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """Immutable: a change makes another one, so that a search in another thread keeps what it has."""

    rows: Rows
    items: NDArray[np.int64]
    """Shape ``(e,)``: whose entry it is."""
    sizes: NDArray[np.uint16]
    """Shape ``(e, 2)``: width and height of the ban's raster."""
    alive: NDArray[np.bool_]
    """Shape ``(e,)``: false where it was retired."""
    starts: NDArray[np.uint32] | None
    """Shape ``(2²⁰ + 1,)``, or None where ``cells`` is searched instead."""
    cells: NDArray[np.uint32] | None

    def bounds(self, cells: NDArray[np.uint32]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the first row and one past the last of each cell."""
        if self.starts is not None:
            return self.starts[cells].astype(np.int64), self.starts[cells + 1].astype(np.int64)
        assert self.cells is not None
        flat, inverse = np.unique(cells, return_inverse=True)
        low = np.searchsorted(self.cells, flat, "left")[inverse].reshape(cells.shape)
        return low, np.searchsorted(self.cells, flat, "right")[inverse].reshape(cells.shape)

    def without(self, items: NDArray[np.int64]) -> Layer:
        """Return the same with the entries of these items dead."""
        dead = np.isin(self.items, items)
        if not (dead & self.alive).any():
            return self
        return Layer(self.rows, self.items, self.sizes, self.alive & ~dead, self.starts, self.cells)

    def with_entries(self, entries: Iterable[tuple[LocalSignature, int]]) -> Layer:
        """Return the same with more entries behind those that it has. Only of a layer with ``cells``."""
        assert self.cells is not None
        cells, rows, items, sizes = gathered(entries, len(self.items))
        where = np.searchsorted(self.cells, cells, "right")
        old = self.rows
        merged = Rows(
            np.insert(old.codes, where, rows.codes, axis=0),
            np.insert(old.owner, where, rows.owner),
            np.insert(old.geometry, where, rows.geometry, axis=0),
        )
        alive = np.concatenate([self.alive, np.ones(len(items), dtype=bool)])
        return Layer(
            merged,
            np.concatenate([self.items, items]),
            np.concatenate([self.sizes, sizes]),
            alive,
            None,
            np.insert(self.cells, where, cells),
        )


def gathered(
    entries: Iterable[tuple[LocalSignature, int]], first: int = 0
) -> tuple[NDArray[np.uint32], Rows, NDArray[np.int64], NDArray[np.uint16]]:
    """Return cells (ascending), rows, items and sizes of signatures; entries are numbered from ``first``."""
    cells: list[NDArray[np.uint32]] = [np.empty(0, np.uint32)]
    codes: list[NDArray[np.uint8]] = [np.empty((0, 16), np.uint8)]
    owners: list[NDArray[np.uint32]] = [np.empty(0, np.uint32)]
    geometry: list[NDArray[np.uint8]] = [np.empty((0, 4), np.uint8)]
    items: list[int] = []
    sizes: list[tuple[int, int]] = []
    for signature, item in entries:
        number = first + len(items)
        cells.append(signature.cells)
        codes.append(signature.codes)
        owners.append(
            np.uint32(number) | (signature.geometry[:, 4].astype(np.uint32) << np.uint32(VIEW_SHIFT))
        )
        geometry.append(signature.geometry[:, :4])
        items.append(item)
        sizes.append((signature.width, signature.height))
    if first + len(items) > ENTRY_MASK:
        raise ValueError("a layer holds at most 2**30 entries")
    all_cells = np.concatenate(cells)
    order = np.argsort(all_cells, kind="stable")
    words = np.ascontiguousarray(np.concatenate(codes)[order]).view(np.uint64).reshape(-1, 2)
    rows = Rows(words, np.concatenate(owners)[order], np.concatenate(geometry)[order])
    return (
        all_cells[order],
        rows,
        np.array(items, dtype=np.int64),
        np.array(sizes, dtype=np.uint16).reshape(-1, 2),
    )


def empty() -> Layer:
    """Return a fresh layer without entries."""
    cells, rows, items, sizes = gathered([])
    return Layer(rows, items, sizes, np.empty(0, dtype=bool), None, cells)


def packed(entries: Iterable[tuple[LocalSignature, int]]) -> Layer:
    """Return a layer with a table of cells, in memory; takes about twice its final 24 bytes a keypoint while it is
    made."""
    cells, rows, items, sizes = gathered(entries)
    return Layer(rows, items, sizes, np.ones(len(items), dtype=bool), starts_of(cells), None)


def starts_of(cells: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Return where each cell begins, shape ``(2²⁰ + 1,)``."""
    starts = np.zeros(CELL_COUNT + 1, dtype=np.uint32)
    np.cumsum(np.bincount(cells, minlength=CELL_COUNT), out=starts[1:])
    return starts
