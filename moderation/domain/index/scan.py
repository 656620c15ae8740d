"""The plain scan: every code is looked at, a word at a time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from moderation.domain.index.words import Words

Near = tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.int64]]
"""Query, row, distance: parallel, in any order."""

_BLOCK = 16_384
"""Codes at a time: two columns and their temporaries stay in the second-level cache."""


_WORD_NS = 0.6
"""One word of one code; of 256 bits the scan reads half. Measured as in :mod:`pigeonhole`."""


def scan_ns(columns: Words) -> float:
    """What one query costs, roughly, in nanoseconds."""
    words, rows = columns.shape
    read: float = _WORD_NS * rows * min(words, 2)
    return 3_000 + read


def scan(columns: Words, queries: Words, radius: int) -> Near:
    """All rows of ``columns`` within ``radius`` of each query."""
    rows = columns.shape[1]
    block = min(rows, _BLOCK)
    differing, counts, others = (
        np.empty(block, np.uint64),
        np.empty(block, np.uint8),
        np.empty(block, np.uint8),
    )
    founds: list[Near] = []
    for start in range(0, rows, _BLOCK):
        part = columns[:, start : start + _BLOCK]
        size = part.shape[1]
        xor, first, second = differing[:size], counts[:size], others[:size]
        for number, query in enumerate(queries.T):
            np.bitwise_xor(part[0], query[0], out=xor)
            np.bitwise_count(xor, out=first)
            if len(query) > 1:
                # Two words of 256 bits reject nearly all that the whole code would reject.
                np.bitwise_xor(part[1], query[1], out=xor)
                np.bitwise_count(xor, out=second)
                np.add(first, second, out=first)
            near = np.flatnonzero(first <= radius)
            if near.size:
                founds.append(_exact(part, query, near, first[near], radius, number, start))
    return joined(founds)


def _exact(
    part: Words,
    query: Words,
    near: NDArray[np.intp],
    counted: NDArray[np.uint8],
    radius: int,
    number: int,
    start: int,
) -> Near:
    distance = counted.astype(np.int64)
    for column, word in zip(part[2:], query[2:], strict=True):
        distance += np.bitwise_count(column[near] ^ word)
    kept = np.flatnonzero(distance <= radius)
    return np.full(len(kept), number, np.intp), near[kept] + start, distance[kept]


def joined(founds: list[Near]) -> Near:
    """Several findings as one."""
    if not founds:
        return np.empty(0, np.intp), np.empty(0, np.intp), np.empty(0, np.int64)
    if len(founds) == 1:
        return founds[0]
    query, row, distance = (np.concatenate(column) for column in zip(*founds, strict=True))
    return query, row, distance
