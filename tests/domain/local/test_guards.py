"""Different pictures that share an overlay, a scene or a style are not taken for one another.

A sample for every day; ``benchmarks/local_guards.py`` does a hundred pairs of each kind.
"""

from __future__ import annotations

import csv
from itertools import permutations
from pathlib import Path

import pytest
from PIL import Image

from moderation.domain.local.strength import HOLD, strength
from moderation.domain.local.verify import Query, verify
from tests.domain.local.overlays import OVERLAYS, STATED, Picture, pair
from tests.domain.local.pictures_local import banned, features


@pytest.fixture(scope="module")
def innocent(corpus: Path) -> list[Path]:
    with (corpus / "manifest.csv").open(newline="") as lines:
        return [corpus / row["file"] for row in csv.DictReader(lines) if row["role"] == "innocent"]


def opened(path: Path) -> Picture:
    return Image.open(path).convert("RGBA").convert("RGB")


def pairs(innocent: list[Path], name: str, count: int) -> list[tuple[Picture, Picture]]:
    overlay = {**OVERLAYS, **STATED}[name]
    return [
        pair(overlay, opened(innocent[n * 3]), opened(innocent[300 + n * 3]), opened(innocent[600 + n]), n)
        for n in range(count)
    ]


@pytest.mark.parametrize("name", OVERLAYS)
def test_the_same_overlay_is_not_the_same_picture(innocent: list[Path], name: str) -> None:
    for ban, upload in pairs(innocent, name, 5):
        match = verify(features(upload), banned(ban))
        assert match is None or strength(match) < HOLD


def test_a_shared_background_is_not_the_same_picture(innocent: list[Path]) -> None:
    for ban, upload in pairs(innocent, "shared background 75 %", 5):
        match = verify(features(upload), banned(ban))
        assert match is None or strength(match) < HOLD


def test_drawings_of_one_style(innocent: list[Path]) -> None:
    drawings = [path for path in innocent if "avatars" in path.parts][:12]
    known = [features(opened(path)) for path in drawings]
    queries = [Query(one) for one in known]
    flagged = [
        (drawings[a].name, drawings[b].name)
        for a, b in permutations(range(len(drawings)), 2)
        if (match := verify(queries[a], known[b].signature.strongest(200))) and strength(match) >= HOLD
    ]
    assert flagged == []
