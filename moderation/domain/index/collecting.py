"""From raw findings to :class:`Hits`: in order, and each item once per query."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from moderation.domain.index.contract import Hits

Found = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]
"""Query, item, distance: parallel, in any order, repetitions allowed."""


NO_ITEMS = np.empty(0, np.int64)
NO_ITEMS.setflags(write=False)


def collected(parts: Sequence[Found]) -> Hits:
    """Return one answer from the findings of several layers."""
    parts = [part for part in parts if len(part[0])]
    if not parts:
        return Hits(NO_ITEMS, NO_ITEMS, NO_ITEMS)
    query, item, distance = (np.concatenate(column) for column in zip(*parts, strict=True))
    if len(query) > 1:
        order = np.lexsort((distance, item, query))
        query, item, distance = query[order], item[order], distance[order]
        # Nearest first within (query, item), so the first of each run is the one to keep.
        first = np.ones(len(query), bool)
        first[1:] = (query[1:] != query[:-1]) | (item[1:] != item[:-1])
        query, item, distance = query[first], item[first], distance[first]
        order = np.lexsort((item, distance, query))
        query, item, distance = query[order], item[order], distance[order]
    return Hits(query, item, distance)
