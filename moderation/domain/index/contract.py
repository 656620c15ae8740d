"""The contract that every fingerprint index keeps.

An index holds *codes* (fingerprints of one algorithm, all of the same width) and for each code the
*item* that it belongs to, a positive 63-bit integer chosen by the caller. An item may have many
codes, and many items may have the same code. A search returns **exactly** the pairs that a linear
scan over the live codes would return: never an approximation.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.uint8]
"""Shape ``(n, bits // 8)``, C-contiguous; a row is a code, most significant bit first."""
Items = NDArray[np.int64]
"""Shape ``(n,)``."""


class Hits(NamedTuple):
    """Three parallel arrays, sorted by query, then distance, then item.

    An item with several codes within the radius of one query appears once, at its smallest
    distance.
    """

    query: NDArray[np.int64]
    """Row of the query."""
    item: Items
    distance: NDArray[np.int64]
    """Hamming distance in bits."""


class FingerprintIndex(Protocol):
    """A multiset of (code, item) pairs, searchable by Hamming distance."""

    bits: int
    """Width of a code: 64 or 256."""

    def add(self, codes: Codes, items: Items) -> None:
        """Add pairs; visible to the next search. Adding a pair that is there changes nothing."""

    def retire(self, items: Items) -> None:
        """Remove every pair of these items. Unknown items are ignored. An item may be added again
        afterwards and is then live again with the codes of that call only."""

    def search(self, queries: Codes, radius: int) -> Hits:
        """All live pairs with ``distance <= radius``, for many queries at once.

        Raises :class:`ValueError` for a wrong width or a radius outside ``0..bits``.
        """

    def __len__(self) -> int:
        """Number of live pairs."""
