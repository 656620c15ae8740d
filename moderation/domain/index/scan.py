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
    """Return what one query costs, roughly, in nanoseconds."""
    words, rows = columns.shape
    read: float = _WORD_NS * rows * min(words, 2)
    return 3_000 + read


def scan(columns: Words, queries: Words, radius: int) -> Near:
    """Return all rows of ``columns`` within ``radius`` of each query."""
    rows = columns.shape[1]
    block = min(rows, _BLOCK)
    differing, counts, others = (
        np.empty(block, np.uint64),
        np.empty(block, np.uint8),
        np.empty(block, np.uint8),
    )
    founds: list[Near] = []
    numbers: list[int] = []
    survivors: list[NDArray[np.intp]] = []
    waiting = 0
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
            near = (first <= radius).nonzero()[0]
            if near.size:
                numbers.append(number)
                survivors.append(near + start)
                waiting += near.size
                if waiting > _BLOCK:
                    founds.append(_measured(columns, queries, numbers, survivors, radius))
                    numbers, survivors, waiting = [], [], 0
    if survivors:
        founds.append(_measured(columns, queries, numbers, survivors, radius))
    return joined(founds)


def within(
    columns: Words, queries: Words, query: NDArray[np.intp], row: NDArray[np.intp], radius: int
) -> Near:
    """Return those of the pairs ``(query, row)`` that are within ``radius``, and how far they are."""
    distance = np.zeros(len(row), np.int64)
    for column, asked in zip(columns, queries, strict=True):
        distance += np.bitwise_count(column.take(row) ^ asked.take(query))
    near = (distance <= radius).nonzero()[0]
    return query[near], row[near], distance[near]


def _measured(
    columns: Words, queries: Words, numbers: list[int], survivors: list[NDArray[np.intp]], radius: int
) -> Near:
    query = np.repeat(np.array(numbers), [len(near) for near in survivors])
    return within(columns, queries, query, np.concatenate(survivors), radius)


def joined(founds: list[Near]) -> Near:
    """Return several findings as one."""
    if not founds:
        return np.empty(0, np.intp), np.empty(0, np.intp), np.empty(0, np.int64)
    if len(founds) == 1:
        return founds[0]
    query, row, distance = (np.concatenate(column) for column in zip(*founds, strict=True))
    return query, row, distance
