"""What the layers do beyond the contract: move on, compact, and serve many threads."""

from __future__ import annotations

import errno
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from moderation.domain.index import IndexFileFault, Items, LayeredIndex, PackedIndex, layered
from tests.domain.index.oracle import LinearScan, clustered, codes, items, triples

BITS = 256


def numbers(start: int, end: int) -> Items:
    return np.arange(start, end, dtype=np.int64)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "some.index"


def test_it_goes_on_from_a_file_at_the_files_revision(path: Path) -> None:
    some = clustered(300, BITS, 1)
    index = LayeredIndex(BITS)
    index.add(some, numbers(1, 301))
    index.retire(numbers(1, 100))
    index.write(path, algorithm="some/1", revision=17)
    again = LayeredIndex.open(path, algorithm="some/1", bits=BITS)
    assert (again.revision, len(again)) == (17, 201)
    assert triples(again.search(some[:9], 60)) == triples(index.search(some[:9], 60))


def test_a_file_for_another_algorithm_is_not_opened(path: Path) -> None:
    LayeredIndex(BITS).write(path, algorithm="some/1", revision=1)
    with pytest.raises(IndexFileFault):
        LayeredIndex.open(path, algorithm="some/2", bits=BITS)


def test_catching_up_twice_changes_nothing(path: Path) -> None:
    """What is newer than a file may be in it already: its revision is set after the changes."""
    some = clustered(200, BITS, 2)
    index = LayeredIndex(BITS)
    index.add(some, numbers(1, 201))
    index.compact(path, algorithm="some/1")
    for start in range(0, 200, 20):
        index.add(some[start : start + 20], numbers(start + 1, start + 21))
    index.add(some, numbers(1, 201))
    assert len(index) == 200


def test_folding_keeps_the_revision_and_the_answers(path: Path) -> None:
    some = clustered(500, BITS, 3)
    index = LayeredIndex(BITS, revision=8)
    for start in range(0, 500, 50):
        index.add(some[start : start + 50], numbers(start + 1, start + 51))
    index.retire(numbers(40, 60))
    before = triples(index.search(some[::20], 49))
    index.compact(path, algorithm="some/1")
    assert triples(index.search(some[::20], 49)) == before
    assert LayeredIndex.open(path, algorithm="some/1", bits=BITS).revision == 8


def test_what_happens_during_a_fold_is_kept(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layered, "TREE_NODES", 5)
    monkeypatch.setattr(layered, "SMALL", 50)
    some = clustered(400, BITS, 4)
    index, oracle = LayeredIndex(BITS), LinearScan(BITS)
    for target in (index, oracle):
        target.add(some[:200], numbers(1, 201))
    write = PackedIndex.write

    def write_while_others_change(self: PackedIndex, path: Path, **named: Any) -> None:
        for target in (index, oracle):
            target.retire(numbers(50, 120))
            target.add(some[300:310], numbers(60, 70))
            for start in range(200, 300, 3):
                target.add(some[start : start + 3], numbers(start + 1, start + 4))
            target.retire(numbers(65, 68))
        assert triples(index.search(some[::10], 49)) == oracle.search(some[::10], 49)
        write(self, path, **named)

    monkeypatch.setattr(PackedIndex, "write", write_while_others_change)
    index.compact(path, algorithm="some/1")
    monkeypatch.undo()
    assert len(index) == len(oracle)
    assert triples(index.search(some[::10], 49)) == oracle.search(some[::10], 49)
    index.compact(path, algorithm="some/1")
    assert triples(index.search(some[::10], 49)) == oracle.search(some[::10], 49)


def test_a_fold_that_fails_changes_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    some = clustered(100, BITS, 5)
    index = LayeredIndex(BITS)
    index.add(some, numbers(1, 101))

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(PackedIndex, "write", full)
    with pytest.raises(OSError, match="No space"):
        index.compact(path, algorithm="some/1")
    monkeypatch.undo()
    index.add(some[:10], numbers(201, 211))
    assert len(index) == 110
    index.compact(path, algorithm="some/1")
    assert len(index) == 110


def test_folding_pays_when_much_is_outside_the_file_or_dead_in_it(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(layered, "LOOSE", 100)
    index = LayeredIndex(BITS)
    assert not index.should_compact()
    index.add(clustered(101, BITS, 6), numbers(1, 102))
    assert index.should_compact()
    index.compact(path, algorithm="some/1")
    assert not index.should_compact()
    index.retire(numbers(1, 100))
    assert not index.should_compact()
    index.retire(numbers(100, 102))
    assert index.should_compact()


def test_the_tree_stays_small_and_segments_few() -> None:
    index = LayeredIndex(64)
    some = clustered(6_000, 64, 7)
    for row in range(6_000):
        index.add(some[row : row + 1], items(row + 1))
        assert index._tree.nodes <= layered.TREE_NODES
    assert len(index) == 6_000
    assert len(index._segments) <= 3


def test_a_change_is_seen_by_every_search_that_starts_after_it(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Readers check it all the time, while two writers and a compaction thread move things around."""
    monkeypatch.setattr(layered, "TREE_NODES", 8)
    monkeypatch.setattr(layered, "SMALL", 64)
    index = LayeredIndex(BITS)
    lasting = clustered(200, BITS, 8)
    index.add(lasting, numbers(1, 201))
    stop = threading.Event()
    faults: list[object] = []

    def watch(action: object) -> None:
        try:
            while not stop.is_set():
                action()  # type: ignore[operator]
        except BaseException as error:
            faults.append(error)
            raise

    def read() -> None:
        found = {hit[1] for hit in triples(index.search(lasting[::7], 0)) if hit[1] < 1_000}
        assert found >= set(range(1, 201, 7))

    def writer(first: int) -> None:
        mine = clustered(500, BITS, first)
        turn = iter(range(10**9))

        def write() -> None:
            number = next(turn)
            item = first + number
            code = mine[number % 500 : number % 500 + 1]
            index.add(code, items(item))
            assert item in index.search(code, 0).item
            index.retire(items(item))
            assert item not in index.search(code, 0).item

        watch(write)

    threads = [threading.Thread(target=watch, args=(read,)) for _ in range(2)]
    threads += [threading.Thread(target=writer, args=(first,)) for first in (10_000_000, 20_000_000)]
    threads.append(threading.Thread(target=watch, args=(lambda: index.compact(path, algorithm="some/1"),)))
    for thread in threads:
        thread.start()
    stop.wait(2.0)
    stop.set()
    for thread in threads:
        thread.join()
    assert not faults
    assert len(index) == 200


def test_two_codes_may_share_their_mixed_word() -> None:
    """Codes that are sorted by a mixture of their words are told apart even where the mixtures agree."""
    from moderation.domain.index import packing

    words = np.arange(40, dtype=np.uint64).reshape(4, 10) % 7
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(packing, "_mixed", lambda words: np.zeros(words.shape[1], np.uint64))
        distinct, row = packing._distinct(np.concatenate([words, words], axis=1))
    assert distinct.shape[1] == len({tuple(column) for column in words.T.tolist()})
    assert (distinct[:, row[:10]] == words).all()
    assert (row[:10] == row[10:]).all()


def test_an_item_may_be_searched_by_codes_of_another_layer() -> None:
    index = LayeredIndex(BITS)
    index.add(clustered(100, BITS, 9), np.full(100, 5, np.int64))
    index.add(codes([1], BITS), items(5))
    assert triples(index.search(codes([1], BITS), 1)) == [(0, 5, 0)]
