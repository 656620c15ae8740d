"""What every implementation of FingerprintIndex must do. Inherit and provide ``make``."""

from __future__ import annotations

from abc import abstractmethod

import numpy as np
import pytest

from moderation.domain.index import FingerprintIndex
from tests.domain.index.oracle import LinearScan, clustered, codes, items, triples


class IndexContract:
    """Runs for both widths."""

    @abstractmethod
    def make(self, bits: int) -> FingerprintIndex: ...

    @pytest.fixture(params=[64, 256])
    def index(self, request: pytest.FixtureRequest) -> FingerprintIndex:
        return self.make(request.param)

    def test_an_empty_index_finds_nothing(self, index: FingerprintIndex) -> None:
        assert triples(index.search(codes([0], index.bits), index.bits)) == []
        assert len(index) == 0

    def test_no_queries_no_hits(self, index: FingerprintIndex) -> None:
        index.add(codes([0], index.bits), items(1))
        assert triples(index.search(codes([], index.bits), index.bits)) == []

    def test_adding_nothing_and_retiring_nothing_is_allowed(self, index: FingerprintIndex) -> None:
        index.add(codes([], index.bits), items())
        index.retire(items())
        assert len(index) == 0

    def test_the_radius_is_inclusive(self, index: FingerprintIndex) -> None:
        index.add(codes([0b111], index.bits), items(7))
        assert triples(index.search(codes([0], index.bits), 2)) == []
        assert triples(index.search(codes([0], index.bits), 3)) == [(0, 7, 3)]

    def test_the_complement_is_as_far_as_can_be(self, index: FingerprintIndex) -> None:
        index.add(codes([(1 << index.bits) - 1], index.bits), items(1))
        assert triples(index.search(codes([0], index.bits), index.bits - 1)) == []
        assert triples(index.search(codes([0], index.bits), index.bits)) == [(0, 1, index.bits)]

    def test_hits_come_by_query_then_distance_then_item(self, index: FingerprintIndex) -> None:
        index.add(codes([1, 0, 3, 0], index.bits), items(2, 9, 1, 4))
        found = triples(index.search(codes([0, 3], index.bits), 2))
        assert found == [
            (0, 4, 0),
            (0, 9, 0),
            (0, 2, 1),
            (0, 1, 2),
            (1, 1, 0),
            (1, 2, 1),
            (1, 4, 2),
            (1, 9, 2),
        ]

    def test_an_item_appears_once_at_its_smallest_distance(self, index: FingerprintIndex) -> None:
        index.add(codes([7, 1, 3], index.bits), items(5, 5, 5))
        assert triples(index.search(codes([0], index.bits), 10)) == [(0, 5, 1)]
        assert len(index) == 3

    def test_items_may_share_a_code(self, index: FingerprintIndex) -> None:
        index.add(codes([6, 6], index.bits), items(1, 2))
        assert triples(index.search(codes([6], index.bits), 0)) == [(0, 1, 0), (0, 2, 0)]
        index.retire(items(1))
        assert triples(index.search(codes([6], index.bits), 0)) == [(0, 2, 0)]

    def test_adding_a_pair_that_is_there_changes_nothing(self, index: FingerprintIndex) -> None:
        for _ in range(2):
            index.add(codes([6, 6], index.bits), items(1, 1))
        assert len(index) == 1
        index.retire(items(1))
        assert len(index) == 0

    def test_retiring_takes_every_code_of_the_item(self, index: FingerprintIndex) -> None:
        index.add(codes([1, 2, 4], index.bits), items(1, 1, 2))
        index.retire(items(1, 77))
        assert triples(index.search(codes([0], index.bits), 3)) == [(0, 2, 1)]
        assert len(index) == 1

    def test_an_item_that_comes_back_has_its_new_codes_only(self, index: FingerprintIndex) -> None:
        index.add(codes([1, 2], index.bits), items(1, 1))
        index.retire(items(1))
        index.add(codes([4], index.bits), items(1))
        assert triples(index.search(codes([1, 4], index.bits), 0)) == [(1, 1, 0)]

    def test_items_may_be_large(self, index: FingerprintIndex) -> None:
        index.add(codes([1], index.bits), items(2**63 - 1))
        assert triples(index.search(codes([1], index.bits), 0)) == [(0, 2**63 - 1, 0)]

    def test_it_finds_what_a_linear_scan_finds(self, index: FingerprintIndex) -> None:
        oracle = LinearScan(index.bits)
        some, owners = clustered(400, index.bits, 1), np.arange(400, dtype=np.int64) // 3 + 1
        for target in (index, oracle):
            target.add(some[:300], owners[:300])
            target.retire(owners[50:90])
            target.add(some[250:], owners[250:])
        assert len(index) == len(oracle)
        queries = np.concatenate([some[::40], clustered(6, index.bits, 2)])
        for radius in (0, 1, 5, 10, 31, 38, 49, 60, index.bits // 2, index.bits):
            assert triples(index.search(queries, min(radius, index.bits))) == oracle.search(queries, radius)

    @pytest.mark.parametrize("radius", [-1, 257])
    def test_a_radius_that_makes_no_sense_is_an_error(self, index: FingerprintIndex, radius: int) -> None:
        with pytest.raises(ValueError, match="radius"):
            index.search(codes([0], index.bits), radius)

    def test_codes_of_another_width_are_an_error(self, index: FingerprintIndex) -> None:
        other = np.zeros((1, 16), np.uint8)
        with pytest.raises(ValueError, match="codes"):
            index.add(other, items(1))
        with pytest.raises(ValueError, match="codes"):
            index.search(other, 0)
        with pytest.raises(ValueError, match="codes"):
            index.search(np.zeros(index.bits // 8, np.uint8), 0)

    def test_items_that_are_none_are_an_error_and_nothing_is_added(self, index: FingerprintIndex) -> None:
        with pytest.raises(ValueError, match="items"):
            index.add(codes([1, 2], index.bits), items(3, 0))
        with pytest.raises(ValueError, match="items"):
            index.add(codes([1, 2], index.bits), items(3))
        with pytest.raises(ValueError, match="items"):
            index.retire(np.array([1.0]))
        assert len(index) == 0

    def test_a_view_into_other_memory_may_be_searched_for(self, index: FingerprintIndex) -> None:
        some = clustered(40, index.bits, 3)
        index.add(some[::2], np.arange(1, 21, dtype=np.int64))
        assert {hit[1] for hit in triples(index.search(some[::2], 0))} == set(range(1, 21))
