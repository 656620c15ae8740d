"""Of an animation every published view is looked at by both tiers, or the upload is held; a ban covers all of it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from moderation.domain.analysis import VIEWS_UNSEARCHED, Analysis, Publishing
from moderation.domain.local.index import LocalIndex
from moderation.domain.local.recognise import recognise
from moderation.domain.local.wire import features_from_bytes
from moderation.domain.pipeline import BAN_VIEWS, LOCAL_VIEWS
from tests.domain.built import Drawn, gif
from tests.domain.drawn import analysed, distance, file_of, waves
from tests.pictures import scene

pytest.importorskip("cv2", reason="the second tier needs the extra `local`")

SIZE = 320, 240


def animation(frames: Sequence[Image.Image], duration: int | list[int] = 100, kind: str = "WEBP") -> bytes:
    options: dict[str, Any] = {"quality": 90} if kind == "WEBP" else {}
    return file_of(
        frames[0], kind, save_all=True, append_images=list(frames[1:]), duration=duration, **options
    )


def shows(data: bytes, ban: Image.Image) -> bool:
    """Return whether the second tier finds the banned picture in one of the views that it is given."""
    [features] = [features_from_bytes(one) for one in analysed(file_of(ban), want_local=True).local]
    signature = features.signature
    index = LocalIndex.build([(signature, 1)])
    views = [features_from_bytes(one) for one in analysed(data, want_local=True).local]
    return bool(recognise(views, index, lambda items: dict.fromkeys(items, signature)).hits)


def crop(ban: Image.Image) -> Image.Image:
    return ban.crop((60, 40, 360, 265)).resize(SIZE)


BAN = scene(77, (420, 320))
INNOCENT = [scene(seed, SIZE) for seed in range(12)]


@pytest.mark.parametrize("delays", [[500] * 4 + [490], [10] * 4 + [0], [500] * 4 + [20]])
def test_a_crop_is_found_whatever_is_shown_longer(delays: list[int]) -> None:
    frames = [*INNOCENT[:4], crop(BAN)]
    assert shows(animation(frames, delays), BAN)
    assert not shows(animation(INNOCENT[:5], delays), BAN)


def test_every_different_view_is_looked_at() -> None:
    found = analysed(animation(INNOCENT), want_local=True)
    assert (len(found.local), found.notes) == (12, ())


def test_views_that_differ_little_are_looked_at_once() -> None:
    noise = np.random.default_rng(1)
    frames = []
    for _ in range(20):
        pixels = np.asarray(INNOCENT[0]).astype(float) + noise.normal(0, 5, (*SIZE[::-1], 3))
        frames.append(Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)))
    assert len(analysed(animation(frames), want_local=True).local) == 1


def test_a_crop_that_is_faded_in_is_found() -> None:
    """Neighbours differ by two levels in a hundred; the last from the first by all."""
    steps = [Image.blend(INNOCENT[0], crop(BAN), step / 50) for step in range(51)]
    found = analysed(animation(steps), want_local=True)
    assert 5 < len(found.local) < 51
    assert shows(animation(steps), BAN)


def test_a_picture_built_up_tile_by_tile_is_found() -> None:
    whole = crop(BAN).quantize(200)
    tiles = [Drawn(INNOCENT[0].quantize(200))]
    for number in range(40):
        x, y = number % 8 * 40, number // 8 * 48
        tiles.append(Drawn(whole.crop((x, y, x + 40, y + 48)), x, y, 4))
    assert shows(gif(SIZE, tiles), BAN)


def halves(picture: Image.Image, ground: Image.Image, side: int = 40) -> list[Image.Image]:
    """Return two pictures, each with every other square of ``picture`` on ``ground``."""
    y, x = np.mgrid[0 : picture.height, 0 : picture.width]
    even = ((x // side + y // side) % 2 == 0)[..., None]
    ours, theirs = np.asarray(picture), np.asarray(ground)
    return [Image.fromarray(np.where(even == odd, ours, theirs)) for odd in (True, False)]


@pytest.mark.parametrize("duration", [20, 40, 90])
def test_halves_that_run_together_are_looked_at_together(duration: int) -> None:
    ground = Image.new("RGB", SIZE, "black")
    flicker = halves(crop(BAN), ground, 12) * 4
    assert shows(animation(flicker, duration), BAN)
    whole = halves(waves().resize(SIZE), ground, 12) * 4
    assert distance(analysed(animation(whole, duration)), analysed(file_of(waves())), "dhash256") <= 35


def test_slow_frames_do_not_run_together_and_what_does_is_no_part_of_a_ban() -> None:
    slow = analysed(animation(INNOCENT[:4], 100))
    fast = analysed(animation(INNOCENT[:4], 50))
    assert not any("together" in code.variant for code in (*slow.queries, *slow.enrolment, *fast.enrolment))
    assert any("together" in code.variant for code in fast.queries)


def changing(count: int) -> list[Image.Image]:
    """Draw so many different frames with structure."""
    return [scene(seed, (64, 48)) for seed in range(count)]


def test_an_ordinary_animation_of_sixty_frames_is_looked_at_completely() -> None:
    for duration in (20, 50):
        found = analysed(animation(changing(60), duration), want_local=True)
        assert found.notes == ()
        assert 60 <= len(found.local) <= LOCAL_VIEWS


def test_more_views_than_may_be_looked_at_are_said() -> None:
    publishing = Publishing(frame_cap=200)
    found = analysed(animation(changing(LOCAL_VIEWS + 1)), want_local=True, publishing=publishing)
    assert len(found.local) == LOCAL_VIEWS
    assert VIEWS_UNSEARCHED in found.notes
    assert VIEWS_UNSEARCHED not in analysed(animation(changing(LOCAL_VIEWS + 1)), publishing=publishing).notes


def banned(data: bytes) -> Analysis:
    return analysed(data, every_frame=True, want_evidence=True, want_local=True)


def test_a_ban_covers_the_frames_of_a_long_animation() -> None:
    frames = [Image.new("RGB", (64, 48), (number, number, number)) for number in range(70)] + changing(30)
    ban = banned(animation(frames, kind="PNG"))
    assert distance(analysed(file_of(changing(30)[-1])), ban, "dhash256") <= 8
    assert (ban.left_out, len(ban.local)) == (0, ban.enrolled)
    assert ban.evidence is not None


def test_a_ban_says_what_it_leaves_out() -> None:
    ban = banned(animation(changing(BAN_VIEWS + 7), kind="PNG"))
    assert (ban.enrolled, ban.left_out) == (BAN_VIEWS, 7)
    assert len({code.view for code in ban.enrolment}) <= BAN_VIEWS


def test_flat_frames_are_no_part_of_a_ban() -> None:
    flat = [Image.new("RGB", (64, 48), colour) for colour in ("black", "white", "red")]
    ban = banned(animation([*flat, *changing(2)], kind="PNG"))
    plain = analysed(file_of(Image.new("RGB", (64, 48))))
    assert not plain.queries
    assert {code.view for code in ban.enrolment} == {3, 4}


def test_the_pixels_of_a_still_never_stand_for_an_animation() -> None:
    black = Image.new("RGB", (96, 72))
    still = analysed(file_of(black)).pixels
    long = analysed(animation([black, *changing(69)], kind="PNG", duration=50))
    other = analysed(animation([black, *reversed(changing(69))], kind="PNG", duration=50))
    short = analysed(animation([black, waves(1, (96, 72))], kind="PNG"))
    assert len({still, long.pixels, other.pixels, short.pixels}) == 4
    assert analysed(animation([black, *changing(69)], kind="PNG", duration=50)).pixels == long.pixels


@pytest.mark.corpus
def test_a_frame_without_a_delay_is_looked_at(cases: Path) -> None:
    ban = Image.open(cases / "zero-delay/ban.jpg").convert("RGB")
    assert shows((cases / "zero-delay/delay-zero.webp").read_bytes(), ban)


@pytest.mark.corpus
def test_the_bad_part_of_a_long_animation_is_banned_and_black_is_not(cases: Path) -> None:
    ban = banned((cases / "long-animation/ban.gif").read_bytes())
    assert distance(analysed((cases / "long-animation/copy-still.png").read_bytes()), ban, "dhash256") <= 35
    black = analysed((cases / "long-animation/innocent-black.png").read_bytes())
    assert not black.queries
    assert black.pixels != ban.pixels
