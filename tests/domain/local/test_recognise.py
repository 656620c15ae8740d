"""Hard copies of drawn pictures, against a list of others."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter, ImageOps

from moderation.domain.local.budget import LocalBudget
from moderation.domain.local.features import extract
from moderation.domain.local.recognise import recognise
from moderation.domain.local.strength import BLOCK, strength
from moderation.domain.local.verify import verify
from tests.domain.local.pictures_local import Bans, banned, features
from tests.pictures import scene

Edit = Callable[[Image.Image], Image.Image]


@pytest.fixture(scope="module")
def bans() -> Bans:
    return Bans({seed: banned(scene(seed)) for seed in range(1, 25)})


def crop(share: float) -> Edit:
    return lambda p: p.crop(
        (int(p.width * share), int(p.height * share), int(p.width * (1 - share)), int(p.height * (1 - share)))
    )


def screenshot(p: Image.Image) -> Image.Image:
    page = Image.new("RGB", (p.width, p.width * 2), "white")
    page.paste(p, (0, p.width // 3))
    ImageDraw.Draw(page).text((20, 20), "12:41   LTE\n\nsomebody", fill="black", font_size=24)
    return page


def collage(p: Image.Image) -> Image.Image:
    page = Image.new("RGB", (840, 500))
    page.paste(ImageOps.fit(p, (420, 500)), (0, 0))
    page.paste(ImageOps.fit(scene(900), (420, 500)), (420, 0))
    return page


EDITS: dict[str, Edit] = {
    "as it is": lambda p: p,
    "crop": crop(0.15),
    "rotation": lambda p: p.rotate(12),
    "screenshot": screenshot,
    "collage": collage,
    "mirrored crop": lambda p: ImageOps.mirror(crop(0.1)(p)),
    "negative crop": lambda p: ImageOps.invert(crop(0.1)(p)),
    "mirrored negative": lambda p: ImageOps.mirror(ImageOps.invert(crop(0.1)(p))),
    "quarter turn": lambda p: crop(0.1)(p).transpose(Image.Transpose.ROTATE_90),
}


@pytest.mark.parametrize("name", EDITS)
def test_a_hard_copy_is_found(bans: Bans, name: str) -> None:
    found = [bans.found(EDITS[name](scene(seed)))[:1] for seed in range(1, 9)]

    assert sum(hits == [seed] for seed, hits in enumerate(found, 1)) >= 7


def test_a_blurred_crop_is_looked_for_more_closely(bans: Bans) -> None:
    """It has few keypoints left, so that each may look into more cells."""

    def found(seed: int, budget: LocalBudget) -> bool:
        blurred = crop(0.05)(scene(seed).filter(ImageFilter.GaussianBlur(8)))
        result = recognise(
            [extract(np.asarray(blurred), budget=budget)], bans.index, bans.load, budget=budget
        )
        return [hit.item for hit in result.hits] == [seed]

    closely = sum(found(seed, LocalBudget()) for seed in range(1, 13))
    otherwise = sum(found(seed, LocalBudget(few_rows=0)) for seed in range(1, 13))
    assert closely >= 9
    assert closely > otherwise


@pytest.mark.parametrize(
    ("rows", "probes", "neighbours"), [(900, 16, 32), (250, 16, 32), (200, 72, 144), (3, 256, 512)]
)
def test_few_rows_share_out_what_many_may_spend(rows: int, probes: int, neighbours: int) -> None:
    budget = LocalBudget()
    assert (budget.probes_of(rows), budget.neighbours_of(rows)) == (probes, neighbours)
    assert rows * probes <= budget.rows * budget.probes
    assert rows * neighbours <= budget.rows * budget.neighbours


def test_others_are_not_flagged(bans: Bans) -> None:
    assert [bans.found(scene(seed)) for seed in range(500, 520)] == [[]] * 20


def test_the_match_says_how(bans: Bans) -> None:
    hit = bans.screen(ImageOps.mirror(crop(0.1)(scene(3)))).hits[0]

    assert hit.item == 3
    assert hit.match.variant == "mirrored"
    assert strength(hit.match) == BLOCK
    assert hit.match.tile > 0.9
    assert 0.4 < hit.match.share < 0.95
    a, b, tx = hit.match.matrix[0]
    assert a == pytest.approx(1.25, abs=0.03)  # 80 % of the picture fill the same 256 pixels
    assert b == pytest.approx(0, abs=0.03)
    assert tx == pytest.approx(-0.1 * 256 * 1.25, abs=3)


def test_a_ban_of_this_moment_is_seen_and_a_retired_one_is_not(bans: Bans) -> None:
    fresh = Bans({})
    upload = crop(0.1)(scene(40))
    assert fresh.found(upload) == []

    fresh.signatures[40] = banned(scene(40))
    fresh.index.add(fresh.signatures[40], 40)
    assert fresh.found(upload) == [40]

    fresh.index.retire(np.array([40]))
    assert fresh.found(upload) == []


def test_an_item_whose_signature_is_gone_is_left_out(bans: Bans) -> None:
    assert Bans({1: banned(scene(1))}).found(scene(1)) == [1]
    one = Bans({1: banned(scene(1))})
    one.signatures.clear()
    assert one.found(scene(1)) == []


def test_the_same_question_has_the_same_answer(bans: Bans) -> None:
    upload = collage(scene(6))
    first, second = bans.screen(upload), bans.screen(upload)

    assert [(h.item, h.match.transform, h.match.inliers) for h in first.hits] == [
        (h.item, h.match.transform, h.match.inliers) for h in second.hits
    ]
    assert (first.notes, first.checks, first.verified) == (second.notes, second.checks, second.verified)


def test_models_do_not_mix() -> None:
    from dataclasses import replace

    one = banned(scene(1))
    with pytest.raises(ValueError, match="does not compare"):
        verify(features(scene(1)), replace(one, model=2))
