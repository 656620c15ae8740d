"""What the evidence of a match supports."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from moderation.domain.local.strength import BLOCK, HOLD, NONE, strength
from moderation.domain.local.tiles import TileCheck
from moderation.domain.local.verify import LocalMatch
from moderation.domain.local.windows import WINDOWS
from tests.domain.local.pictures_local import Bans, banned
from tests.pictures import scene


def match(
    agreeing: int, seen: int, evidence: int = 64, inliers: int = 40, coverage: float = 1.0
) -> LocalMatch:
    tiles = np.random.default_rng(1).permutation(64)  # what disagrees is scattered
    check = TileCheck(tiles < evidence, tiles < seen, tiles < agreeing, tiles < agreeing)
    nothing = np.empty(0, dtype=np.uint16)
    return LocalMatch(
        inliers, check.tile, check.share, coverage, 0, (1, 0, 0, 0, 1, 0, 0, 0, 1), check, nothing
    )


@pytest.mark.parametrize(
    ("evidence", "worth"),
    [
        (match(60, 64), BLOCK),
        (match(17, 20), BLOCK),
        (match(14, 15), HOLD),  # a deep crop, or a sticker that moved
        (match(8, 8), NONE),
        (match(48, 64), HOLD),
        (match(42, 64), NONE),
        (match(60, 64, inliers=6), NONE),
        (match(60, 64, inliers=7), BLOCK),
        (match(46, 64, inliers=11), NONE),
        (match(60, 64, coverage=0.4), NONE),
        (match(3, 3, evidence=4), NONE),
    ],
)
def test_inliers_tiles_share_and_coverage(evidence: LocalMatch, worth: int) -> None:
    assert strength(evidence) == worth


@pytest.mark.parametrize("window", range(len(WINDOWS)))
def test_a_half_or_a_middle_that_is_another_picture(window: int) -> None:
    everything = np.ones(64, dtype=bool)
    few = np.flatnonzero(WINDOWS[window])[:12]
    evidence = everything.copy()
    evidence[np.setdiff1d(np.flatnonzero(WINDOWS[window]), few)] = False
    agreeing = evidence.copy()
    agreeing[few] = False
    one = replace(
        match(60, 64),
        tile=float(agreeing.sum() / evidence.sum()),
        check=TileCheck(evidence, evidence, agreeing, agreeing),
    )

    assert one.tile > 0.7
    assert strength(one) == NONE


def test_pictures_that_share_a_corner_are_not_the_same() -> None:
    carpet = scene(800, (480, 480))

    def on_carpet(seed: int, left: int, top: int) -> Image.Image:
        page = Image.new("RGB", (480, 480))
        page.paste(carpet, (left, top))
        page.paste(scene(seed, (340, 480)), (0 if left else 140, 0))
        return page

    bans = Bans({1: banned(on_carpet(1, 0, 0))})

    assert bans.found(on_carpet(2, 340, 60)) == []
    assert bans.found(on_carpet(1, 0, 0).crop((20, 20, 460, 460))) == [1]


def test_evidence_can_be_replaced_without_changing_the_rest() -> None:
    one = match(60, 64)
    assert strength(replace(one, inliers=3)) == NONE
