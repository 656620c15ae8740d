"""Many bans in one template do not hide the one that is shown in it."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import Any

import numpy as np
import pytest
from PIL import Image

from moderation.domain.local.budget import LocalBudget
from moderation.domain.local.hough import Votes, cast
from moderation.domain.local.recognise import recognise
from tests.domain.local.overlays import inset_on_the_same
from tests.domain.local.pictures_local import Bans, banned, features
from tests.pictures import scene

TRUE = 500
CROWD = 40


def in_template(seed: int, side: int = 330) -> Image.Image:
    return inset_on_the_same(side)(scene(seed), scene(900), Random(0))


@pytest.fixture(scope="module")
def bans() -> Bans:
    crowd = {seed: banned(in_template(seed)) for seed in range(1, CROWD + 1)}
    return Bans(crowd | {TRUE + seed: banned(scene(TRUE + seed)) for seed in range(4)})


def found(bans: Bans, seed: int, budget: LocalBudget) -> list[int]:
    side = 330 if seed < TRUE else 150
    hits = recognise([features(in_template(seed, side))], bans.index, bans.load, budget=budget).hits
    return [hit.item for hit in hits]


def test_the_true_one_is_found_among_the_crowd(bans: Bans) -> None:
    assert [found(bans, TRUE + seed, LocalBudget()) for seed in range(4)] == [
        [TRUE + seed] for seed in range(4)
    ]


def test_the_next_vote_finds_it_where_the_first_one_was_the_crowd_s(
    bans: Bans, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A keypoint that many bans have weighs little, so the first vote finds it nearly always; without that weight it is
    the rounds that do."""

    def each_the_same(*arguments: Any) -> Votes:
        votes = cast(*arguments)
        return replace(votes, weight=np.ones_like(votes.weight))

    monkeypatch.setattr("moderation.domain.local.recognise.cast", each_the_same)

    assert [found(bans, TRUE + seed, LocalBudget(rounds=1)) for seed in range(4)] == [[]] * 4
    assert [found(bans, TRUE + seed, LocalBudget()) for seed in range(4)] == [
        [TRUE + seed] for seed in range(4)
    ]


def test_another_picture_in_the_template_is_flagged_by_none_of_the_crowd(bans: Bans) -> None:
    assert found(bans, 600, LocalBudget()) == []


def test_one_of_the_crowd_is_told_from_the_others(bans: Bans) -> None:
    assert [found(bans, seed, LocalBudget())[:1] for seed in (1, 7, 20)] == [[1], [7], [20]]


def test_a_crowd_that_is_there_hides_nothing_beside_it() -> None:
    """Its entries may be allowed, or only watched: then a banned picture set into one of them would pass."""
    template = scene(700, (480, 400))

    def variant(seed: int) -> Image.Image:
        page = template.copy()
        page.paste(scene(800 + seed, (60, 50)), (10, 10))
        return page

    bans = Bans({seed: banned(variant(seed)) for seed in range(12)} | {TRUE: banned(scene(3))})
    template.paste(scene(3).resize((150, 125)), (330, 275))

    assert TRUE in bans.found(template)
