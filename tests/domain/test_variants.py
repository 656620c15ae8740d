"""What was put around a picture, and how it was turned, does not hide it."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter, ImageOps

from moderation.domain import borders
from moderation.domain.borders import Box, crops, whole
from moderation.domain.insets import insets
from tests.domain.drawn import analysed, distance, file_of, waves

BLOCK = 24


def grey_of(picture: Image.Image) -> borders.Grey:
    return np.asarray(picture.convert("L"))


def test_a_picture_without_border_is_one_patch() -> None:
    pixels = grey_of(waves())
    assert crops(pixels) == {whole(pixels): ""}
    assert insets(pixels) == []


@pytest.mark.parametrize("colour", ["white", "black", "firebrick", "#808080"])
@pytest.mark.parametrize("width", [8, 30, 90])
@pytest.mark.parametrize("quality", [90, 50])
def test_borders_are_found_to_the_pixel(colour: str, width: int, quality: int) -> None:
    framed = ImageOps.expand(waves(), width, colour)
    stored = Image.open(io.BytesIO(file_of(framed, "JPEG", quality=quality)))
    boxes = [box for box, name in crops(grey_of(stored)).items() if name]
    assert boxes
    found = boxes[0]
    for got, wanted in zip(
        (found.left, found.top, found.right, found.bottom),
        (width, width, 360 + width, 300 + width),
        strict=True,
    ):
        assert abs(got - wanted) <= 1


def test_one_colour_has_no_border() -> None:
    pixels = np.full((80, 90), 200, np.uint8)
    assert crops(pixels) == {Box(0, 0, 90, 80): ""}


@pytest.mark.parametrize("size", [(1, 1), (1, 300), (300, 1), (2, 2), (17, 5)])
def test_tiny_pictures_are_no_trouble(size: tuple[int, int]) -> None:
    analysis = analysed(file_of(waves(size=size)), want_clean=True, want_evidence=True)
    assert analysis.probe.width == size[0]


def caption_bar(picture: Image.Image) -> Image.Image:
    bar = 70
    canvas = Image.new("RGB", (picture.width, picture.height + bar), "white")
    canvas.paste(picture, (0, bar))
    draw = ImageDraw.Draw(canvas)
    for line in range(2):
        for word in range(6):
            draw.rectangle((12 + word * 50, 14 + line * 26, 48 + word * 50, 26 + line * 26), fill="black")
    return canvas


def story(picture: Image.Image) -> Image.Image:
    canvas = ImageOps.fit(picture, (450, 800)).filter(ImageFilter.GaussianBlur(20))
    canvas.paste(picture, (45, 250))
    return canvas


def collage(picture: Image.Image) -> Image.Image:
    canvas = Image.new("RGB", (picture.width * 2, picture.height))
    canvas.paste(picture, (0, 0))
    canvas.paste(waves(5), (picture.width, 0))
    return canvas


def margin(picture: Image.Image) -> Image.Image:
    canvas = Image.new("RGBA", (picture.width + 90, picture.height + 120), (0, 0, 0, 0))
    canvas.paste(picture, (30, 70))
    return canvas


@pytest.mark.parametrize(
    "put",
    [
        caption_bar,
        story,
        collage,
        margin,
        lambda picture: ImageOps.expand(ImageOps.expand(picture, 20, "white"), 12, "black"),
        lambda picture: ImageOps.pad(picture, (500, 700), color="black"),
        lambda picture: ImageOps.expand(picture.transpose(Image.Transpose.ROTATE_90), 25, "white"),
    ],
)
def test_what_was_put_around_does_not_hide_the_picture(put: object) -> None:
    assert callable(put)
    ban = analysed(file_of(waves()))
    assert distance(analysed(file_of(put(waves()))), ban, "dhash256") <= BLOCK


def test_a_ban_with_a_border_finds_the_copy_without() -> None:
    ban = analysed(file_of(ImageOps.expand(waves(), 40, "white")))
    assert distance(analysed(file_of(waves())), ban, "dhash256") <= BLOCK


def test_what_lies_between_lines_is_looked_up_but_not_banned() -> None:
    """Or banning one collage would ban every picture with its other half."""
    ban = analysed(file_of(collage(waves())))
    assert not any("inset" in code.variant for code in ban.enrolment)
    assert distance(analysed(file_of(waves())), ban, "dhash256") > 60


def test_a_turned_hue_does_not_hide_a_colourful_picture() -> None:
    y, x = np.mgrid[0:300, 0:360]
    disc = np.hypot(x - 150, y - 140) < 90
    pixels = np.where(disc[..., None], np.array([220, 40, 40]), np.array([40, 110, 40]))
    textured = pixels + (np.asarray(waves().convert("L"))[..., None] // 3)
    picture = Image.fromarray(np.clip(textured, 0, 255).astype(np.uint8))
    hue, saturation, value = picture.convert("HSV").split()
    turned = Image.merge("HSV", (hue.point([(n + 90) % 256 for n in range(256)]), saturation, value))
    assert distance(analysed(file_of(turned.convert("RGB"))), analysed(file_of(picture)), "dhash256") <= BLOCK


@pytest.mark.parametrize(
    "pixels",
    [
        np.full((300, 300), 90.0),
        np.tile(np.linspace(0, 255, 300), (300, 1)),
        np.add.outer(np.linspace(0, 120, 300), np.linspace(0, 120, 300)),
        np.hypot(*np.mgrid[-150:150, -150:150]),
    ],
)
@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_one_colour_and_gradients_are_flat(pixels: np.ndarray, kind: str) -> None:
    analysis = analysed(file_of(Image.fromarray(pixels.astype(np.uint8)), kind))
    assert analysis.flat
    assert analysis.enrolment == ()


def test_different_pictures_stay_apart() -> None:
    bans = [analysed(file_of(waves(seed))) for seed in range(6)]
    uploads = [analysed(file_of(waves(seed))) for seed in range(20, 28)]
    for algorithm, radius in (("dhash256", 38), ("phash256", 49)):
        assert min(distance(upload, ban, algorithm) for upload in uploads for ban in bans) > radius
