"""Codes from the database into an index, in batches of bounded memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from moderation.domain.index import Codes, LayeredIndex

PAIRS_PER_STEP = 100_000
"""Pairs that are added at a time."""
ROWS_PER_FETCH = 2_000
"""Rows that the database hands over at a time."""


def rows_of(codes: Sequence[bytes]) -> NDArray[np.uint8]:
    """Return codes of one width as an array of shape ``(n, bytes)``."""
    return np.frombuffer(b"".join(codes), dtype=np.uint8).reshape(len(codes), -1)


class Loader:
    """Collects pairs for several indexes; :meth:`flush` adds what is left."""

    def __init__(self, layers: Mapping[str, LayeredIndex]) -> None:
        self._layers = layers
        self._pending: dict[str, tuple[list[bytes], list[int]]] = {name: ([], []) for name in layers}

    def take(self, algorithm: str, codes: bytes, item: int) -> None:
        """Take one code, or several of the item one after the other; of an algorithm that is not wanted, none."""
        pending = self._pending.get(algorithm)
        if pending is None or not codes:
            return
        data, items = pending
        data.append(codes)
        width = self._layers[algorithm].bits // 8
        if len(codes) == width:
            items.append(item)
        else:
            items.extend([item] * (len(codes) // width))
        if len(items) >= PAIRS_PER_STEP:
            self._add(algorithm)

    def flush(self) -> None:
        """Add what has been collected."""
        for algorithm in self._layers:
            self._add(algorithm)

    def _add(self, algorithm: str) -> None:
        data, items = self._pending[algorithm]
        if items:
            layer = self._layers[algorithm]
            codes: Codes = np.frombuffer(b"".join(data), dtype=np.uint8).reshape(-1, layer.bits // 8)
            layer.add(codes, np.array(items, dtype=np.int64))
        self._pending[algorithm] = ([], [])
