from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from moderation.domain.index import (
    BKTreeIndex,
    Codes,
    FingerprintIndex,
    Hits,
    Items,
    LayeredIndex,
    PackedIndex,
)
from tests.domain.index.contract import IndexContract


class TestBKTreeIndex(IndexContract):
    def make(self, bits: int) -> FingerprintIndex:
        return BKTreeIndex(bits)


class Rebuilt:
    """A packed index cannot change, so this one is made anew for every change."""

    def __init__(self, bits: int) -> None:
        self.bits = bits
        self.packed = PackedIndex.build(np.empty((0, bits // 8), np.uint8), np.empty(0, np.int64), bits=bits)

    def add(self, codes: Codes, items: Items) -> None:
        nobody = np.empty(0, np.int64)
        more = PackedIndex.build(codes, items, bits=self.bits)
        self.packed = PackedIndex.merge([(self.packed, nobody), (more, nobody)], bits=self.bits)

    def retire(self, items: Items) -> None:
        if items.dtype != np.int64:
            raise ValueError("items")
        self.packed = PackedIndex.merge([(self.packed, np.unique(items))], bits=self.bits)

    def search(self, queries: Codes, radius: int) -> Hits:
        return self.packed.search(queries, radius)

    def __len__(self) -> int:
        return len(self.packed)


class TestPackedIndex(IndexContract):
    def make(self, bits: int) -> FingerprintIndex:
        return Rebuilt(bits)


class TestLayeredIndex(IndexContract):
    def make(self, bits: int) -> FingerprintIndex:
        return LayeredIndex(bits)


class Compaction(LayeredIndex):
    """Compacts after every change."""

    path: Path

    def add(self, codes: Codes, items: Items) -> None:
        super().add(codes, items)
        self.compact(self.path, algorithm="test/1")

    def retire(self, items: Items) -> None:
        super().retire(items)
        self.compact(self.path, algorithm="test/1")


class TestFoldedIndex(IndexContract):
    @pytest.fixture(autouse=True)
    def folder(self, tmp_path: Path) -> None:
        self.path = tmp_path / "test.index"

    def make(self, bits: int) -> FingerprintIndex:
        index = Compaction(bits)
        index.path = self.path
        return index


@pytest.mark.parametrize("kind", [BKTreeIndex, LayeredIndex])
def test_no_index_is_made_for_other_widths(kind: type[BKTreeIndex | LayeredIndex]) -> None:
    with pytest.raises(ValueError, match="128"):
        kind(128)
