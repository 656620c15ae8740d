"""The linear scan that every index is measured against: slow, short, obviously right."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from moderation.domain.index import Codes, Hits, Items

Triple = tuple[int, int, int]
"""Query row, item, distance."""


class LinearScan:
    def __init__(self, bits: int) -> None:
        self.bits = bits
        self.pairs: set[tuple[bytes, int]] = set()

    def add(self, codes: Codes, items: Items) -> None:
        self.pairs |= {(code.tobytes(), item) for code, item in zip(codes, items.tolist(), strict=True)}

    def retire(self, items: Items) -> None:
        gone = set(items.tolist())
        self.pairs = {pair for pair in self.pairs if pair[1] not in gone}

    def search(self, queries: Codes, radius: int) -> list[Triple]:
        nearest: dict[tuple[int, int], int] = {}
        for row, query in enumerate(queries):
            asked = int.from_bytes(query.tobytes(), "big")
            for code, item in self.pairs:
                distance = (asked ^ int.from_bytes(code, "big")).bit_count()
                if distance <= radius:
                    nearest[row, item] = min(distance, nearest.get((row, item), self.bits))
        found = [(row, item, distance) for (row, item), distance in nearest.items()]
        return sorted(found, key=lambda hit: (hit[0], hit[2], hit[1]))

    def __len__(self) -> int:
        return len(self.pairs)


def triples(hits: Hits) -> list[Triple]:
    assert all(array.dtype == np.int64 for array in hits)
    return list(zip(*(array.tolist() for array in hits), strict=True))


def codes(rows: Sequence[int], bits: int) -> Codes:
    raw = b"".join(row.to_bytes(bits // 8, "big") for row in rows)
    return np.frombuffer(raw, np.uint8).reshape(-1, bits // 8)


def items(*numbers: int) -> Items:
    return np.array(numbers, np.int64)


def clustered(count: int, bits: int, seed: int) -> Codes:
    """Return codes as hashes are: some equal, some a few bits apart, some with long runs, most unrelated."""
    random = np.random.default_rng(seed)
    some = random.integers(0, 256, (max(1, count // 3), bits // 8), np.uint8)
    some[::5] = 0
    some[1::5, : bits // 16] = 255
    picked = some[random.integers(0, len(some), count)]
    flips = np.zeros((count, bits), np.uint8)
    for row, flipped in enumerate(random.integers(0, bits // 3, count)):
        flips[row, random.integers(0, bits, flipped)] = 1
    return picked ^ np.packbits(flips, axis=1)
