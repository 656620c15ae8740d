"""The live layer: a BK-tree, which takes a pair in microseconds and never has to be rebuilt.

A BK-tree (Burkhard and Keller, 1973) hangs every code below its parent by its distance to it, so
the triangle inequality rules out whole branches. It is at its best with few codes or small radii;
LayeredIndex keeps it small.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pybktree

from moderation.domain.index.arguments import (
    checked_bits,
    checked_codes,
    checked_items,
    checked_pairs,
    checked_radius,
)
from moderation.domain.index.collecting import collected
from moderation.domain.index.contract import Codes, Hits, Items


def _distance(a: int, b: int) -> int:
    return (a ^ b).bit_count()


class BKTreeIndex:
    """Keeps :class:`FingerprintIndex` with pybktree, one node per distinct code.

    One node per code because pybktree hangs an equal item below its twin: 2,000 equal codes make a
    tree 1,999 levels deep. A BK-tree cannot lose a node, so a code without items stays as a
    signpost until most nodes are signposts; then the tree is grown anew.
    """

    def __init__(self, bits: int) -> None:
        self.bits = checked_bits(bits)
        self._tree = pybktree.BKTree(_distance)
        self._items: dict[int, set[int]] = {}
        """By code; the set is empty where the node is only a signpost."""
        self._codes: dict[int, set[int]] = {}
        """By item: where retiring has to look."""
        self._pairs = 0
        self._signposts = 0

    def __len__(self) -> int:
        return self._pairs

    @property
    def nodes(self) -> int:
        """Number of nodes that a search may have to visit."""
        return len(self._items)

    def add(self, codes: Codes, items: Items) -> None:
        """See :meth:`FingerprintIndex.add`."""
        codes, items = checked_pairs(codes, items, self.bits)
        for code, item in zip(_integers(codes), items.tolist(), strict=True):
            owners = self._items.get(code)
            if owners is None:
                owners = self._items[code] = set()
                self._tree.add(code)
            elif not owners:
                self._signposts -= 1
            if item not in owners:
                owners.add(item)
                self._codes.setdefault(item, set()).add(code)
                self._pairs += 1

    def retire(self, items: Items) -> None:
        """See :meth:`FingerprintIndex.retire`."""
        for item in checked_items(items).tolist():
            for code in self._codes.pop(item, ()):
                self._items[code].discard(item)
                self._pairs -= 1
                self._signposts += not self._items[code]
        if self._signposts * 2 > len(self._items):
            self._items = {code: owners for code, owners in self._items.items() if owners}
            self._tree = pybktree.BKTree(_distance, list(self._items))
            self._signposts = 0

    def search(self, queries: Codes, radius: int) -> Hits:
        """See :meth:`Searchable.search`."""
        queries = checked_codes(queries, self.bits)
        radius = checked_radius(radius, self.bits)
        found = [
            (row, item, distance)
            for row, query in enumerate(_integers(queries))
            for distance, code in self._tree.find(query, radius)
            for item in self._items[code]
        ]
        query, item, distance = np.array(found, np.int64).reshape(-1, 3).T
        return collected([(query, item, distance)])

    def pairs(self) -> tuple[Codes, Items]:
        """Return all live pairs, in no particular order."""
        pairs = [(code, item) for code, owners in self._items.items() for item in owners]
        width = self.bits // 8
        raw = b"".join(code.to_bytes(width, "big") for code, _ in pairs)
        codes = np.frombuffer(raw, np.uint8).reshape(-1, width)
        return codes, np.array([item for _, item in pairs], np.int64)

    def holds(self, codes: Codes, items: Items) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        """Return for each pair whether it is live here."""
        nobody: set[int] = set()
        pairs = zip(_integers(codes), items.tolist(), strict=True)
        return np.array([item in self._items.get(code, nobody) for code, item in pairs], bool)


def _integers(codes: Codes) -> Iterator[int]:
    return (int.from_bytes(row.tobytes(), "big") for row in codes)
