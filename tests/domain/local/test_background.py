"""Crowds of bans with the same frame, and backgrounds that many pictures share."""

from __future__ import annotations

import numpy as np
from PIL import Image

from moderation.domain.local.background import without_background
from moderation.domain.local.explain import explanation
from moderation.domain.local.verify import verify
from tests.domain.local.pictures_local import Bans, banned, features
from tests.pictures import scene

FRAME = scene(700, (480, 400))


def framed(seed: int) -> Image.Image:
    """Draw a picture of which a third of the area is its own, in a frame full of detail."""
    page = FRAME.copy()
    page.paste(scene(seed, (280, 230)), (100, 85))
    return page


def before_wall(seed: int) -> Image.Image:
    """Draw a picture of which three quarters of the area are the same wall."""
    page = FRAME.copy()
    page.paste(scene(seed, (240, 200)), (200, 160))
    return page


def test_a_crowd_with_the_same_frame_does_not_hide_the_true_one() -> None:
    bans = Bans({seed: banned(framed(seed)) for seed in range(1, 41)})

    uploads = [framed(seed).crop((20, 20, 450, 380)) for seed in (7, 38)]

    assert [bans.found(upload)[:1] for upload in uploads] == [[7], [38]]


def test_a_learned_background_no_longer_counts() -> None:
    bans = Bans({1: banned(before_wall(1))})
    innocent = verify(features(before_wall(50)), bans.signatures[1])
    assert innocent is not None, "three quarters of the picture are the same"
    assert innocent.check.agreeing.sum() >= 30

    learned = without_background(bans.signatures[1], [innocent.check])
    assert learned is not None
    bans.signatures[1] = learned

    again = verify(features(before_wall(51)), learned)
    assert again is None or again.tile < 0.5
    assert [bans.found(before_wall(seed)) for seed in range(50, 58)] == [[]] * 8
    assert bans.found(before_wall(1).crop((15, 10, 470, 395))) == [1]
    assert bans.found(before_wall(1).rotate(6)) == [1]


def test_a_ban_that_is_all_background_is_not_emptied() -> None:
    bans = Bans({1: banned(FRAME)})
    hits = bans.screen(FRAME).hits

    assert without_background(bans.signatures[1], [hit.match.check for hit in hits]) is None


def test_the_explanation_shows_what_agrees() -> None:
    bans = Bans({1: banned(scene(1))})
    hit = bans.screen(scene(1).crop((0, 0, 420, 250))).hits[0]

    picture = explanation(hit.features, bans.signatures[1], hit.match)

    assert picture.shape == (390, 512, 3)
    green = picture[..., 1].astype(int) - picture[..., 0]
    assert np.median(green[:200]) > 20, "agreeing tiles"
    assert abs(np.median(green[360:])) < 3, "below is outside the upload"
    assert features(scene(1)).raster.max() > 0
