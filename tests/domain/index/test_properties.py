"""All implementations against the linear scan, over any sequence of operations."""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from moderation.domain.index import BKTreeIndex, Items, LayeredIndex, PackedIndex, chunks, layered, probing
from moderation.domain.index.chunks import make_tables
from moderation.domain.index.pigeonhole import allowances, chunk_widths
from moderation.domain.index.probing import ChunkSearch
from moderation.domain.index.scan import scan
from moderation.domain.index.words import to_codes, to_words
from tests.domain.index.oracle import LinearScan, clustered, triples

ITEMS = st.lists(st.integers(1, 40), max_size=12)


@pytest.fixture(autouse=True)
def buckets_from_the_first_code(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let few codes be enough to take every path, and segments be merged often."""
    monkeypatch.setattr(chunks, "FEWEST_ROWS", 3)
    monkeypatch.setattr(probing, "CALL_NS", -1e9)
    monkeypatch.setattr(layered, "TREE_NODES", 6)
    monkeypatch.setattr(layered, "SMALL", 10)


class Operations(RuleBasedStateMachine):
    """Random operations on every implementation at once."""

    @initialize(bits=st.sampled_from([64, 256]), seed=st.integers(0, 2**32 - 1))
    def begin(self, bits: int, seed: int) -> None:
        self.pool = clustered(60, bits, seed)
        self.oracle = LinearScan(bits)
        self.tree, self.layered = BKTreeIndex(bits), LayeredIndex(bits)
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "some.index"

    def pick(self, owners: list[int], start: int) -> tuple[np.ndarray, Items]:
        rows = (np.arange(len(owners)) * 7 + start) % len(self.pool)
        return self.pool[rows], np.array(owners, np.int64)

    @rule(owners=ITEMS, start=st.integers(0, 59))
    def add(self, owners: list[int], start: int) -> None:
        for index in (self.oracle, self.tree, self.layered):
            index.add(*self.pick(owners, start))

    @rule(owners=ITEMS)
    def retire(self, owners: list[int]) -> None:
        for index in (self.oracle, self.tree, self.layered):
            index.retire(np.array(owners, np.int64))

    @rule(owner=st.integers(1, 40), start=st.integers(0, 59))
    def retire_and_add_again(self, owner: int, start: int) -> None:
        self.retire([owner])
        self.add([owner], start)

    @rule()
    def compact(self) -> None:
        self.layered.compact(self.path, algorithm="test/1")

    @rule()
    def write_and_open(self) -> None:
        self.layered.write(self.path, algorithm="test/1", revision=5)
        self.layered = LayeredIndex.open(self.path, algorithm="test/1", bits=self.oracle.bits)
        assert self.layered.revision == 5

    @rule(radius=st.integers(0, 256), start=st.integers(0, 59), flipped=st.integers(0, 40))
    def search(self, radius: int, start: int, flipped: int) -> None:
        radius = min(radius, self.oracle.bits)
        queries = self.pool[start : start + 4].copy()
        queries[:, : flipped // 8] ^= 255
        expected = self.oracle.search(queries, radius)
        packed = PackedIndex.build(*self.tree.pairs(), bits=self.oracle.bits)
        for index in (self.tree, self.layered, packed):
            assert triples(index.search(queries, radius)) == expected

    @invariant()
    def all_count_the_same(self) -> None:
        if hasattr(self, "oracle"):
            assert len(self.tree) == len(self.layered) == len(self.oracle)

    def teardown(self) -> None:
        if hasattr(self, "folder"):
            self.folder.cleanup()


@pytest.mark.slow
def test_any_sequence_of_operations() -> None:
    run_state_machine_as_test(
        Operations, settings=settings(max_examples=80, stateful_step_count=30, deadline=None)
    )


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    bits=st.sampled_from([64, 256]),
    fewer=st.integers(0, 22),
    radius=st.integers(0, 256),
    rows=st.integers(1, 700),
    asked=st.integers(1, 40),
    seed=st.integers(0, 2**32 - 1),
    cheap_scan=st.booleans(),
)
def test_buckets_find_what_the_scan_finds(
    bits: int, fewer: int, radius: int, rows: int, asked: int, seed: int, cheap_scan: bool
) -> None:
    number = max(-(-bits // 18), 26 * bits // 256 - fewer)
    some = clustered(rows + asked, bits, seed)
    columns, queries = to_words(some[asked:]), to_words(some[:asked])
    search = ChunkSearch(columns, make_tables(columns, number))
    # The model would let so few codes be scanned; half of the queries shall be.
    search._scan_ns = 200.0 if cheap_scan else 1e9
    radius = min(radius, bits // 5)
    found, expected = search(queries, radius), scan(columns, queries, radius)
    as_set = [set(zip(*(array.tolist() for array in near), strict=True)) for near in (found, expected)]
    assert as_set[0] == as_set[1]
    assert len(found[0]) == len(as_set[0]), "each pair once"


@given(bits=st.sampled_from([64, 256]), count=st.integers(3, 26), radius=st.integers(0, 256))
def test_the_whole_radius_is_shared_out(bits: int, count: int, radius: int) -> None:
    widths = chunk_widths(bits, count)
    assert sum(widths) == bits
    shared, _ = allowances(widths, min(radius, bits), 1_000_000)
    assert sum(shared) == min(radius, bits) + 1
    assert all(own <= width + 1 for own, width in zip(shared, widths, strict=True))


@pytest.mark.parametrize("bits", [64, 256])
def test_words_and_codes_are_each_others_inverse(bits: int) -> None:
    some = clustered(50, bits, 4)
    words = to_words(some)
    assert words.shape == (bits // 64, 50)
    assert (to_codes(words) == some).all()
    as_integers = [int.from_bytes(code.tobytes(), "big") for code in some]
    distances = np.bitwise_count(words ^ words[:, :1]).sum(axis=0, dtype=int).tolist()
    assert distances == [(number ^ as_integers[0]).bit_count() for number in as_integers]


@pytest.mark.parametrize(("bits", "digest"), [(64, "8bac8b2e1c7dd0c5"), (256, "594f09c022945072")])
def test_the_shuffle_is_part_of_the_file_format_and_never_changes(bits: int, digest: str) -> None:
    one_bit_each = np.packbits(np.eye(bits, dtype=np.uint8), axis=1)
    assert hashlib.sha256(to_words(one_bit_each).astype("<u8").tobytes()).hexdigest()[:16] == digest
