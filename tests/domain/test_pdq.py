"""PDQ in numpy is bit for bit the reference."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from moderation.domain import pdq as module
from moderation.domain.analysis import ORIENTATIONS
from moderation.domain.pdq import orientations, pdq
from tests.domain.drawn import analysed, distance, file_of, waves
from tests.domain.test_fingerprints import TURNED

REFERENCE_POSITIONS = (0, 5, 4, 2, 6, 1, 3, 7)
"""The reference's positions of our orientations."""
KNOWN = "b9d7cce819c489980cc6c1ed3c93e064b757164fdb66dc788a1b0ac962adbaa9"


def _pixels(picture: Image.Image) -> NDArray[np.uint8]:
    return np.ascontiguousarray(np.asarray(picture.convert("RGB")))


def _checker(side: int, cell: int) -> NDArray[np.uint8]:
    y, x = np.mgrid[:side, :side]
    return np.repeat(((x // cell + y // cell) % 2 * 255).astype(np.uint8)[..., None], 3, axis=2)


DEGENERATE = {
    "one colour": np.full((90, 130, 3), 120, np.uint8),
    "checker": _checker(128, 8),
    "fine checker": _checker(200, 1),
    "ramp": np.repeat((np.mgrid[:100, :300][1] * 255 // 300).astype(np.uint8)[..., None], 3, axis=2),
    "already 64 by 64": _pixels(waves(3, (64, 64))),
    "too small": _pixels(waves(3, (4, 300))),
}


def test_golden_pdq() -> None:
    found = pdq(_pixels(waves()))

    assert (found.hex(), found.quality) == (KNOWN, 100)


@pytest.mark.parametrize("title", DEGENERATE)
def test_degenerate_pictures_are_hashed_as_by_the_reference(title: str) -> None:
    reference = pytest.importorskip("pdqhash", reason="pdqhash is not installed (requirements-bench.lock)")
    vector, quality = reference.compute(DEGENERATE[title])

    found = pdq(DEGENERATE[title])

    if title != "too small":  # the reference leaves these bits unset only by chance of its buffers
        assert found.bits().tolist() == np.asarray(vector, bool).tolist()
    assert found.quality == quality


@given(st.integers(5, 400), st.integers(5, 400), st.integers(1, 40), st.integers(0, 2**32 - 1))
def test_any_picture_is_hashed_as_by_the_reference(height: int, width: int, grain: int, seed: int) -> None:
    reference = pytest.importorskip("pdqhash", reason="pdqhash is not installed (requirements-bench.lock)")
    noise = np.random.default_rng(seed).integers(
        0, 256, (-(-height // grain), -(-width // grain), 3), dtype=np.uint8
    )
    pixels = np.ascontiguousarray(noise.repeat(grain, 0).repeat(grain, 1)[:height, :width])
    vectors, quality = reference.compute_dihedral(pixels)

    found = pdq(pixels)

    assert found.quality == quality
    turned = orientations(found.spectrum)
    for ours, theirs in zip(turned, REFERENCE_POSITIONS, strict=True):
        assert ours.tolist() == np.asarray(vectors[theirs], bool).tolist()


@pytest.mark.corpus
def test_photographs_are_hashed_as_by_the_reference(corpus: Path) -> None:
    reference = pytest.importorskip("pdqhash", reason="pdqhash is not installed (requirements-bench.lock)")
    for path in sorted((corpus / "photos").iterdir())[:60]:
        pixels = _pixels(Image.open(path))
        vector, quality = reference.compute(pixels)
        found = pdq(pixels)
        assert (found.bits().tolist(), found.quality) == (np.asarray(vector, bool).tolist(), quality), (
            path.name
        )


def test_strips_and_the_whole_give_the_same_hash(monkeypatch: pytest.MonkeyPatch) -> None:
    pixels = _pixels(waves(1, (700, 900)))
    whole = pdq(pixels)

    monkeypatch.setattr(module, "STRIP", 5_000)

    assert pdq(pixels).hex() == whole.hex()


def test_a_turned_copy_is_found() -> None:
    original = analysed(file_of(waves()), algorithms=("pdq",))
    assert original.queries[0].algorithm == "pdq/1"
    assert len(TURNED) == len(ORIENTATIONS)
    for turn in TURNED.values():
        copy = analysed(file_of(turn(waves()), "JPEG"), algorithms=("pdq",))
        assert distance(copy, original, "pdq") <= 31
