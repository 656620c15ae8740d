"""A file that is not exactly what it should be is an error, never an answer and never a crash."""

from __future__ import annotations

import errno
import os
import threading
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from moderation.domain.index import IndexFileFault, LayeredIndex, PackedIndex, chunks, file
from tests.domain.index.oracle import clustered, triples

COUNT = 500


@pytest.fixture(scope="module", params=[64, 256])
def bits(request: pytest.FixtureRequest) -> int:
    return int(request.param)


@pytest.fixture(scope="module", params=["with buckets", "scanned"])
def packed(request: pytest.FixtureRequest, bits: int) -> PackedIndex:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chunks, "FEWEST_ROWS", 1 if request.param == "with buckets" else 10**6)
        owners = np.arange(COUNT, dtype=np.int64) // 2 + 1
        return PackedIndex.build(clustered(COUNT, bits, 1), owners, bits=bits)


@pytest.fixture
def path(packed: PackedIndex, tmp_path: Path) -> Path:
    path = tmp_path / "folder" / "some.index"
    packed.write(path, algorithm="some/1", revision=42)
    return path


def opened(path: Path, bits: int) -> PackedIndex:
    return PackedIndex.open(path, algorithm="some/1", bits=bits)


def test_it_comes_back_as_it_was(packed: PackedIndex, path: Path, bits: int) -> None:
    again = opened(path, bits)
    queries = clustered(20, bits, 2)
    assert again.revision == 42
    assert len(again) == len(packed)
    assert triples(again.search(queries, bits // 3)) == triples(packed.search(queries, bits // 3))
    assert again.search(queries, bits // 3).item.size


def test_an_empty_index_has_a_file_too(tmp_path: Path, bits: int) -> None:
    LayeredIndex(bits).write(tmp_path / "empty", algorithm="some/1", revision=0)
    assert len(opened(tmp_path / "empty", bits)) == 0


def test_one_that_is_missing(tmp_path: Path, bits: int) -> None:
    with pytest.raises(IndexFileFault, match=r"none\.index does not exist.*rebuild_index"):
        opened(tmp_path / "none.index", bits)


def test_one_that_is_a_folder(tmp_path: Path, bits: int) -> None:
    with pytest.raises(IndexFileFault, match="cannot be read"):
        opened(tmp_path, bits)


@pytest.mark.parametrize("content", [b"", b"x", b"x" * 10_000, file.MAGIC, file.MAGIC + bytes(500)])
def test_one_that_is_something_else(tmp_path: Path, bits: int, content: bytes) -> None:
    (tmp_path / "other").write_bytes(content)
    with pytest.raises(IndexFileFault):
        opened(tmp_path / "other", bits)


def test_one_for_another_algorithm_version_or_width(path: Path, bits: int) -> None:
    for name in ("some/2", "other/1", "some/1 "):
        with pytest.raises(IndexFileFault, match="is for some/1"):
            PackedIndex.open(path, algorithm=name, bits=bits)
    with pytest.raises(IndexFileFault, match="is for some/1"):
        PackedIndex.open(path, algorithm="some/1", bits=320 - bits)


def test_one_of_a_later_format(
    packed: PackedIndex, path: Path, bits: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file, "FORMAT", 2)
    packed.write(path, algorithm="some/1", revision=42)
    monkeypatch.undo()
    with pytest.raises(IndexFileFault, match="format 2, this program reads 1"):
        opened(path, bits)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_change_to_its_bytes_is_noticed(path: Path, bits: int, data: st.DataObject) -> None:
    whole = path.read_bytes()
    raw = bytearray(whole)
    place = data.draw(st.one_of(st.integers(0, 200), st.integers(0, len(raw) - 1)))
    change = data.draw(st.sampled_from(["flip", "overwrite", "cut", "append", "remove", "swap"]))
    if change == "flip":
        raw[place] ^= 1 << data.draw(st.integers(0, 7))
    elif change == "overwrite":
        garbage = data.draw(st.binary(min_size=1, max_size=64))
        raw[place : place + len(garbage)] = garbage
    elif change == "cut":
        del raw[place:]
    elif change == "append":
        raw += data.draw(st.binary(min_size=1, max_size=200))
    elif change == "remove":
        del raw[place : place + data.draw(st.integers(1, 100))]
    else:
        other = data.draw(st.integers(0, len(raw) - 8))
        raw[place : place + 8], raw[other : other + 8] = raw[other : other + 8], raw[place : place + 8]
    broken = path.with_name("broken")
    broken.write_bytes(raw)
    if bytes(raw) == whole:
        assert len(opened(broken, bits)) > 0
    else:
        with pytest.raises(IndexFileFault):
            opened(broken, bits)


def test_a_full_disk_leaves_the_old_file_and_no_other(
    packed: PackedIndex, path: Path, bits: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        packed.write(path, algorithm="some/1", revision=43)
    assert opened(path, bits).revision == 42
    assert list(path.parent.iterdir()) == [path]


def test_what_is_mapped_outlives_its_file(packed: PackedIndex, path: Path, bits: int) -> None:
    mapped = opened(path, bits)
    path.unlink()
    queries = clustered(5, bits, 2)
    assert triples(mapped.search(queries, 20)) == triples(packed.search(queries, 20))


def test_many_may_write_the_same_file_at_once(packed: PackedIndex, path: Path, bits: int) -> None:
    def write(revision: int) -> None:
        for _ in range(5):
            packed.write(path, algorithm="some/1", revision=revision)

    writers = [threading.Thread(target=write, args=(revision,)) for revision in (1, 2, 3, 4)]
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        assert opened(path, bits).revision in {1, 2, 3, 4, 42}
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("name", ["", "x" * 64])
def test_an_algorithm_needs_a_name_that_fits(packed: PackedIndex, path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="name"):
        packed.write(path, algorithm=name, revision=1)
