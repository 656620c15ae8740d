"""The contract that every fingerprint index keeps.

An index is a set of *pairs* ``(code, item)``. A code is a fingerprint; all codes of an index come
from one algorithm and have the same width. An item is a positive 63-bit integer that the caller
chooses (a row id). An item may have many codes, and many items may share a code.

**Exact.** A search returns what a linear scan over the live pairs would return, always: after any
sequence of additions and retirements, in the middle of a compaction, from a file or from memory. An
implementation may only choose how fast it is.

**At once.** What ``add`` and ``retire`` did is seen by every search that starts after they return.

**Threads.** :class:`~moderation.domain.index.LayeredIndex` takes any number of concurrent readers
and writers; the other implementations may be read concurrently but want the caller's lock around
a write.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.uint8]
"""Shape ``(n, bits // 8)``; a row is a code, most significant bit first."""
Items = NDArray[np.int64]
"""Shape ``(n,)``, each at least 1."""

WIDTHS = (64, 256)
"""The widths, in bits, that the indexes are made for."""


class Hits(NamedTuple):
    """Three parallel arrays, sorted by query, then distance, then item.

    An item with several codes within the radius of one query appears once, at its smallest
    distance.
    """

    query: NDArray[np.int64]
    """Row of the query in the array that was searched for."""
    item: Items
    distance: NDArray[np.int64]
    """Hamming distance in bits."""


class Searchable(Protocol):
    """A set of pairs that can be searched by Hamming distance."""

    bits: int
    """Width of a code: 64 or 256."""

    def search(self, queries: Codes, radius: int) -> Hits:
        """Return all live pairs with ``distance <= radius``, for many queries at once.

        Several queries in one call cost much less than several calls. No queries, no hits. Raises
        :class:`ValueError` for a wrong shape or type, or a radius outside ``0..bits``.
        """

    def __len__(self) -> int:
        """Return the number of live pairs."""


class FingerprintIndex(Searchable, Protocol):
    """A set of pairs that changes."""

    def add(self, codes: Codes, items: Items) -> None:
        """Add one pair per row. Adding a pair that is there changes nothing.

        Raises :class:`ValueError` for a wrong shape or type, lengths that differ, or an item below
        1; nothing is added then.
        """

    def retire(self, items: Items) -> None:
        """Remove every pair of these items. Unknown items are ignored.

        An item may be added again afterwards and is then live again with the codes of that call
        only.
        """
