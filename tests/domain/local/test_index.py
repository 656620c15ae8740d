"""The index: what is in it is found, from whatever layer, and what was retired is not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moderation.domain.local.budget import LocalBudget
from moderation.domain.local.index import LocalIndex
from moderation.domain.local.neighbours import NEAR, neighbours
from moderation.domain.local.reach import probing
from moderation.domain.local.signature import LocalSignature
from moderation.exceptions import IndexFileFault
from tests.domain.local.pictures_local import invented

Pairs = set[tuple[int, int, int]]
WIDE = LocalBudget(neighbours=10_000, checks=10_000_000, cell_rows=100_000)


def small(seed: int) -> LocalSignature:
    """Return a signature of few words, so that cells are shared; few different codes, so that neighbours exist."""
    random = np.random.default_rng(seed)
    one = invented(seed, 30)
    codes = np.zeros((30, 16), dtype=np.uint8)
    codes[:, :4] = random.integers(0, 256, (30, 4))
    words = random.integers(0, 3, (30, 2)).astype(np.uint16)
    return LocalSignature(1, 256, 192, 30, codes, one.geometry, words, one.tiles)


def searched(index: LocalIndex, query: LocalSignature) -> Pairs:
    """Return row, item and distance of every neighbour."""
    probe = probing(query)
    pairs, _, _ = neighbours(index.layers, probe.row_codes, probe.probes, WIDE)
    items = [
        int(index.layers[layer].items[entry]) for layer, entry in zip(pairs.layer, pairs.entry, strict=True)
    ]
    return set(zip(pairs.row.tolist(), items, pairs.distance.tolist(), strict=True))


def linear(bans: dict[int, LocalSignature], query: LocalSignature) -> Pairs:
    """Return the same without an index."""
    probe = probing(query)
    found: Pairs = set()
    for item, ban in bans.items():
        distance = np.bitwise_count(query.codes[:, None] ^ ban.codes[None]).sum(axis=2)
        in_cell = (probe.probes[:, :, None] == ban.cells[None, None, :]).any(axis=1)
        for row, own in zip(*np.nonzero((distance <= NEAR) & in_cell), strict=True):
            found.add((int(row), item, int(distance[row, own])))
    return found


Step = tuple[str, int]


@settings(max_examples=40, deadline=None)
@given(
    first=st.integers(0, 4),
    steps=st.lists(st.tuples(st.sampled_from(["add", "retire"]), st.integers(1, 8)), max_size=12),
)
def test_after_any_bans_and_retirements_a_search_finds_what_a_scan_finds(
    first: int, steps: list[Step]
) -> None:
    live = {item: small(item) for item in range(1, first + 1)}
    index = LocalIndex.build((signature, item) for item, signature in live.items())

    for number, (step, item) in enumerate(steps):
        if step == "add":
            live[item] = small(100 + number)
            index.add(live[item], item)
        else:
            live.pop(item, None)
            index.retire(np.array([item]))

    assert len(index) == len(live)
    query = small(100)
    assert searched(index, query) == linear(live, query)


def test_many_are_added_in_one_step() -> None:
    one, many = LocalIndex(), LocalIndex()
    for item in range(1, 9):
        one.add(small(item), item)

    many.add_many([(small(item), item) for item in range(1, 9)])

    assert searched(one, small(3)) == searched(many, small(3))


def test_the_file_holds_what_was_built(tmp_path: Path) -> None:
    bans = {item: small(item) for item in range(1, 20)}
    built = LocalIndex.build((signature, item) for item, signature in bans.items())
    built.write(tmp_path / "local", revision=12)

    mapped = LocalIndex.open(tmp_path / "local")

    assert mapped.revision == 12
    assert len(mapped) == 19
    assert searched(mapped, small(5)) == searched(built, small(5))
    mapped.retire(np.array([5]))
    mapped.add(small(77), 77)
    assert 5 not in {item for _, item, _ in searched(mapped, small(5))}
    assert 77 in {item for _, item, _ in searched(mapped, small(77))}


def test_a_damaged_file_is_not_used(tmp_path: Path) -> None:
    path = tmp_path / "local"
    LocalIndex.build([(small(1), 1)]).write(path, revision=1)
    content = bytearray(path.read_bytes())
    content[-9] ^= 4
    path.write_bytes(content)

    with pytest.raises(IndexFileFault):
        LocalIndex.open(path)


def test_only_what_was_just_built_is_written(tmp_path: Path) -> None:
    index = LocalIndex.build([(small(1), 1)])
    index.add(small(2), 2)

    with pytest.raises(ValueError, match="just built"):
        index.write(tmp_path / "local", revision=1)


def test_another_model_never_enters() -> None:
    one = small(1)
    foreign = LocalSignature(2, 256, 192, 30, one.codes, one.geometry, one.words, one.tiles)
    with pytest.raises(ValueError, match="local/2"):
        LocalIndex().add(foreign, 1)


def test_an_empty_index_finds_nothing() -> None:
    assert LocalIndex().layers == ()
    assert len(LocalIndex()) == 0
