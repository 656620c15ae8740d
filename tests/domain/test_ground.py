"""Transparent pictures are published on a ground on which the drawing shows, and that is what is looked up."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from moderation.domain.analysis import Publishing
from tests.domain.drawn import analysed, distance, file_of, waves


def lines(*inks: str) -> Image.Image:
    """Draw lines in these colours, by turns, on a transparent ground."""
    picture = Image.new("RGBA", (300, 300))
    draw = ImageDraw.Draw(picture)
    for number in range(24):
        draw.line((10, 10 + number * 12, 290, number * 37 % 300), fill=inks[number % len(inks)], width=3)
    return picture


def published(data: bytes) -> tuple[Image.Image, tuple[str, ...]]:
    found = analysed(data, want_clean=True)
    assert found.clean is not None
    return Image.open(io.BytesIO(found.clean.data)).convert("RGB"), found.notes


@pytest.mark.parametrize(
    ("inks", "level"),
    [
        (["black"], 255),
        (["#808080"], 255),
        (["white", "black", "#808080"], 255),
        (["white"], 128),
        (["#f8f8f8"], 128),
        (["white", "black"], 128),
        (["white", "white", "white", "red"], 128),
        (["white", "#808080"], 0),
    ],
)
def test_the_first_ground_is_taken_on_which_the_drawing_shows(inks: list[str], level: int) -> None:
    picture, notes = published(file_of(lines(*inks)))
    assert abs(np.asarray(picture)[0, 0].astype(int) - level).max() <= 3
    assert notes == {255: (), 128: ("ground_grey",), 0: ("ground_black",)}[level]
    assert np.asarray(picture).std() > 15


def test_a_picture_with_transparent_corners_stays_on_white() -> None:
    mask = Image.new("L", waves().size)
    ImageDraw.Draw(mask).ellipse((0, 0, *waves().size), fill=255)
    for picture in (waves(), waves().point(lambda value: 200 + value // 5)):
        rounded = picture.convert("RGBA")
        rounded.putalpha(mask)
        shown, notes = published(file_of(rounded))
        assert shown.getpixel((0, 0)) == (255, 255, 255)
        assert notes == ()


def test_what_is_published_on_grey_is_looked_up() -> None:
    """Lines in white over others in black: on white and on black half of them are missing."""
    drawing = lines("white", "black")
    found = analysed(file_of(drawing))
    assert {code.variant.partition(",")[0] for code in found.queries} == {"on white", "on black", "on grey"}
    on_grey = Image.new("RGBA", drawing.size, (128, 128, 128, 255))
    on_grey.alpha_composite(drawing)
    ban = analysed(file_of(on_grey.convert("RGB")))
    assert distance(found, ban, "dhash256") == 0


def test_an_animation_has_one_ground() -> None:
    frames = [lines("white"), lines("white").rotate(90), lines("black").crop((0, 0, 300, 60))]
    frames[2] = frames[2].resize((300, 300))
    data = file_of(frames[0], "WEBP", save_all=True, append_images=frames[1:], duration=90, lossless=True)
    found = analysed(data, want_clean=True)
    assert found.notes == ("ground_grey",)
    assert found.clean is not None
    picture = Image.open(io.BytesIO(found.clean.data))
    for number in range(3):
        picture.seek(number)
        assert np.abs(np.asarray(picture.convert("RGB"))[0, 0].astype(int) - 128).max() <= 4


def test_a_site_that_keeps_transparency_has_no_ground() -> None:
    found = analysed(file_of(lines("white")), want_clean=True, publishing=Publishing(transparency=True))
    assert found.notes == ()
    assert found.clean is not None
    assert Image.open(io.BytesIO(found.clean.data)).mode == "RGBA"


@pytest.mark.corpus
def test_the_white_drawing_of_the_cases_is_to_be_seen(cases: Path) -> None:
    picture, notes = published((cases / "white-on-transparent/white-on-transparent.png").read_bytes())
    assert notes == ("ground_grey",)
    assert np.asarray(picture).std() > 15
