"""Several layers into one file, without their dead entries: a stretch of cells at a time, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from moderation.domain.index.file import NO_HISTORY, Header, write_arrays

from .index import BITS, METHOD
from .layer import CELL_COUNT, ENTRY_MASK, VIEW_SHIFT, Layer

STRETCH = 1 << 14
"""Cells merged at a time: 312,000 rows, 7.5 MB, of 100,000 bans."""
WHOLE = 16
"""Rows of any array that fill 64 bytes, the alignment of the file: whole ones need no padding between them."""

Array = NDArray[Any]
FIELDS = ("codes", "owner", "geometry")


def write(path: Path, layers: Sequence[Layer], *, revision: int, history_id: bytes = NO_HISTORY) -> int:
    """Write the live entries of all layers as one packed layer, atomically; the number of entries.

    The layers stay as they are, and may be searched meanwhile. Raises :class:`OSError` where the file cannot be written.
    """
    numbers = _numbers(layers)
    items = np.concatenate([np.empty(0, np.int64), *(layer.items[layer.alive] for layer in layers)])
    sizes = np.concatenate([np.empty((0, 2), np.uint16), *(layer.sizes[layer.alive] for layer in layers)])
    counts = np.zeros(CELL_COUNT, dtype=np.int64)
    for number, (cells, _) in enumerate(_stretches(layers)):
        low = number * STRETCH
        counts[low : low + STRETCH] = np.bincount(cells - np.uint32(low), minlength=STRETCH)
    starts = np.zeros(CELL_COUNT + 1, dtype=np.uint32)
    np.cumsum(counts, out=starts[1:])

    def arrays() -> Iterator[Array]:
        for name in FIELDS:
            yield from _aligned(_merged(layers, name, numbers))
        yield from (items, sizes, starts)

    write_arrays(
        Path(path), Header(METHOD, BITS, revision, int(starts[-1]), len(items), 0, history_id), arrays()
    )
    return len(items)


def _numbers(layers: Sequence[Layer]) -> list[NDArray[np.uint32]]:
    """Return the new number of each entry of each layer; meaningless where it is dead."""
    first, found = 0, []
    for layer in layers:
        found.append((first + np.cumsum(layer.alive) - 1).astype(np.uint32))
        first += int(layer.alive.sum())
    if first > ENTRY_MASK:
        raise ValueError("a layer holds at most 2**30 entries")
    return found


def _stretches(layers: Sequence[Layer]) -> Iterator[tuple[NDArray[np.uint32], list[Array]]]:
    """Yield the cells of the live rows, ascending within each layer, and which rows of each layer these are."""
    for low in range(0, CELL_COUNT, STRETCH):
        cells: list[NDArray[np.uint32]] = [np.empty(0, np.uint32)]
        rows: list[Array] = []
        for layer in layers:
            own, first = _cells(layer, low, low + STRETCH)
            live = np.flatnonzero(layer.alive[layer.rows.owner[first : first + len(own)] & ENTRY_MASK])
            cells.append(own[live])
            rows.append(live + first)
        yield np.concatenate(cells), rows


def _cells(layer: Layer, low: int, high: int) -> tuple[NDArray[np.uint32], int]:
    """Return the cell of each row in the cells ``low`` to ``high``, and the number of the first of these rows."""
    if layer.starts is not None:
        bounds = layer.starts[low : high + 1].astype(np.int64)
        many = bounds[1:] - bounds[:-1]
        return np.repeat(np.arange(low, high, dtype=np.uint32), many), int(layer.starts[low])
    assert layer.cells is not None
    first, last = np.searchsorted(layer.cells, np.array([low, high]))
    return layer.cells[first:last], int(first)


def _merged(layers: Sequence[Layer], name: str, numbers: list[NDArray[np.uint32]]) -> Iterator[Array]:
    for cells, rows in _stretches(layers):
        parts = []
        for layer, chosen, number in zip(layers, rows, numbers, strict=True):
            part = getattr(layer.rows, name)[chosen]
            if name == "owner":
                part = number[part & ENTRY_MASK] | (part & np.uint32(3 << VIEW_SHIFT))
            parts.append(part)
        if parts:
            merged = np.concatenate(parts)
            yield merged if len(parts) == 1 else merged[np.argsort(cells, kind="stable")]


def _aligned(parts: Iterable[Array]) -> Iterator[Array]:
    """Yield the same rows in parts of whole 64 bytes, but for the last one."""
    rest: Array | None = None
    for part in parts:
        joined = part if rest is None else np.concatenate([rest, part])
        whole = len(joined) // WHOLE * WHOLE
        if whole:
            yield joined[:whole]
        rest = joined[whole:]
    if rest is not None and len(rest):
        yield rest
