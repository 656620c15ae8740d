"""What the evidence of a match supports."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from moderation.domain.local import strength as strength_module
from moderation.domain.local.strength import BLOCK, HOLD, NONE, lopsided, strength
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


EDGES = {
    "tile": (strength_module.TILE, HOLD),
    "share": (strength_module.HOLD_SHARE, HOLD),
    "coverage": (strength_module.COVERAGE, BLOCK),
    "inliers": (7, BLOCK),
}


@pytest.mark.parametrize("name", EDGES)
def test_a_threshold_belongs_to_what_it_lets_through(name: str) -> None:
    least, worth = EDGES[name]
    at: dict[str, Any] = {name: least}
    below: dict[str, Any] = {name: least - 1 if name == "inliers" else np.nextafter(least, 0)}

    assert strength(replace(match(64, 64), **at)) == worth
    assert strength(replace(match(64, 64), **below)) == NONE


@pytest.mark.parametrize(
    ("share", "tile", "worth"),
    [
        (strength_module.BLOCK_SHARE, 1.0, BLOCK),
        (np.nextafter(strength_module.BLOCK_SHARE, 0), 1.0, HOLD),
        (1.0, strength_module.BLOCK_TILE, BLOCK),
        (1.0, np.nextafter(strength_module.BLOCK_TILE, 0), HOLD),
    ],
)
def test_to_block_it_takes_a_share_and_agreement(share: float, tile: float, worth: int) -> None:
    assert strength(replace(match(64, 64), share=share, tile=tile)) == worth


@pytest.mark.parametrize(
    ("inliers", "tile", "worth"),
    [
        (strength_module.FEW_INLIERS, np.nextafter(strength_module.FEW_TILE, 0), HOLD),
        (strength_module.FEW_INLIERS - 1, np.nextafter(strength_module.FEW_TILE, 0), NONE),
        (strength_module.FEW_INLIERS - 1, strength_module.FEW_TILE, HOLD),
    ],
)
def test_few_inliers_want_more_tiles(inliers: int, tile: float, worth: int) -> None:
    assert strength(replace(match(64, 64), inliers=inliers, tile=tile)) == worth


@pytest.mark.parametrize(("agreeing", "worth"), [(3, NONE), (4, HOLD)])
def test_a_share_of_hardly_any_tiles_means_nothing(agreeing: int, worth: int) -> None:
    assert strength(replace(match(agreeing, agreeing), share=0.2, tile=1.0)) == worth


def _left(agreeing: int, seen: int = 5) -> TileCheck:
    """Return a check of tiles that lie in the left half alone: in each other window there are fewer than count."""
    tiles = np.zeros(64, dtype=bool)
    tiles[[0, 1, 8, 48, 56][:seen]] = True
    agree = np.zeros(64, dtype=bool)
    agree[np.flatnonzero(tiles)[:agreeing]] = True
    return TileCheck(tiles, tiles, agree, agree)


@pytest.mark.parametrize(
    ("agreeing", "seen", "expected"), [(0, 5, True), (1, 5, True), (2, 5, False), (0, 4, False)]
)
def test_a_window_is_something_else_where_hardly_any_of_enough_tiles_agree(
    agreeing: int, seen: int, expected: bool
) -> None:
    assert lopsided(_left(agreeing, seen)) is expected


def test_a_lopsided_match_counts_from_the_tile_share_on_that_excuses_it() -> None:
    one = replace(match(64, 64), check=_agreeing_but_for_the_left())

    assert strength(replace(one, tile=strength_module.LOPSIDED_TILE)) == BLOCK
    assert strength(replace(one, tile=np.nextafter(strength_module.LOPSIDED_TILE, 0))) == NONE


def _agreeing_but_for_the_left() -> TileCheck:
    everything = np.ones(64, dtype=bool)
    agreeing = np.tile(np.arange(8) >= 4, 8)
    return TileCheck(everything, everything, agreeing, agreeing)


def test_the_windows_are_halves_and_the_middle() -> None:
    left, right, upper, lower, middle = (window.reshape(8, 8).astype(bool) for window in WINDOWS)

    assert left[:, :4].all()
    assert not left[:, 4:].any()
    assert np.array_equal(right, ~left)
    assert np.array_equal(upper, left.T)
    assert np.array_equal(lower, ~upper)
    assert middle[2:6, 2:6].all()
    assert middle.sum() == 16


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
