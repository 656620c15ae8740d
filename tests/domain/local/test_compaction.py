"""A compacted file holds exactly the live entries of all layers."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moderation.domain.local import compaction
from moderation.domain.local.index import LocalIndex
from moderation.domain.local.layer import ENTRY_MASK, VIEW_SHIFT
from tests.domain.local.pictures_local import invented

Row = tuple[int, tuple[int, ...], int, int, tuple[int, ...]]


def rows(index: LocalIndex) -> list[Row]:
    """Return cell, code, item, view and geometry of every live keypoint."""
    found: list[Row] = []
    for layer in index.layers:
        if layer.starts is not None:
            bounds = layer.starts.astype(np.int64)
            cells = np.repeat(np.arange(len(bounds) - 1), bounds[1:] - bounds[:-1]).tolist()
        else:
            assert layer.cells is not None
            cells = layer.cells.tolist()
        for cell, code, owner, geometry in zip(cells, *(part.tolist() for part in layer.rows), strict=True):
            if layer.alive[owner & ENTRY_MASK]:
                item = int(layer.items[owner & ENTRY_MASK])
                found.append((cell, tuple(code), item, owner >> VIEW_SHIFT, tuple(geometry)))
    return sorted(found)


@settings(max_examples=30, deadline=None)
@given(
    packed=st.sets(st.integers(1, 9), max_size=6),
    added=st.sets(st.integers(5, 14), max_size=6),
    retired=st.sets(st.integers(1, 14), max_size=5),
)
def test_it_holds_what_the_layers_hold(packed: set[int], added: set[int], retired: set[int]) -> None:
    index = LocalIndex.build((invented(item, 20 + item), item) for item in sorted(packed))
    index.add_many((invented(100 + item, 20 + item), item) for item in sorted(added))
    index.retire(np.array(sorted(retired), dtype=np.int64))

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "index"
        count = compaction.write(path, index.layers, revision=7, history_id=bytes(range(16)))
        again = LocalIndex.open(path)

    assert count == len(again) == len((packed | added) - retired)
    assert (again.revision, again.history_id) == (7, bytes(range(16)))
    assert rows(again) == rows(index)


def test_a_file_that_cannot_be_written_leaves_what_was_there(tmp_path: Path) -> None:
    index = LocalIndex.build([(invented(1), 1)])
    compaction.write(tmp_path / "index", index.layers, revision=1)
    with pytest.raises(OSError, match=r"[Nn]ot a directory|exists"):
        compaction.write(tmp_path / "index" / "below", index.layers, revision=2)

    assert LocalIndex.open(tmp_path / "index").revision == 1
