"""Two different pictures made to share something: what must not be taken for the same picture."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random

from PIL import Image, ImageDraw, ImageFont, ImageOps

Picture = Image.Image
Overlay = Callable[[Picture, Picture, Random], Picture]
"""A picture, what is shared, and chance: the same for both pictures unless the overlay says otherwise."""

SIZE = (480, 480)


def _text(page: Picture, at: tuple[int, int], text: str, size: int, fill: str) -> None:
    font = ImageFont.load_default(size)
    ImageDraw.Draw(page).text(at, text, fill=fill, font=font, stroke_width=2, stroke_fill="black")


def _sticker(shared: Picture, area: float) -> tuple[Picture, Picture]:
    side = int(480 * area**0.5)
    mask = Image.new("L", (side, side))
    ImageDraw.Draw(mask).rounded_rectangle((0, 0, side - 1, side - 1), side // 6, fill=255)
    return ImageOps.fit(shared, (side, side)), mask


def sticker(area: float, *, moved: bool) -> Overlay:
    """Add the same detailed sticker, at the same place or at another one."""

    def overlay(picture: Picture, shared: Picture, chance: Random) -> Picture:
        page = ImageOps.fit(picture, SIZE)
        small, mask = _sticker(shared, area)
        room = 480 - small.width
        place = (chance.randrange(room), chance.randrange(room)) if moved else (room - 10, 10)
        page.paste(small, place, mask)
        return page

    return overlay


def meme_text(picture: Picture, shared: Picture, chance: Random) -> Picture:
    """Write large letters above and below."""
    page = ImageOps.fit(picture, SIZE)
    _text(page, (20, 10), "ONE DOES NOT SIMPLY\nWALK INTO", 44, "white")
    _text(page, (20, 410), "THE SECOND TIER", 48, "white")
    return page


def caption_bar(picture: Picture, shared: Picture, chance: Random) -> Picture:
    """Add the same white bar with text."""
    page = Image.new("RGB", (480, 600), "white")
    page.paste(ImageOps.fit(picture, SIZE), (0, 120))
    ImageDraw.Draw(page).text(
        (15, 10),
        "when you see it\nyou cannot unsee it any more",
        fill="black",
        font=ImageFont.load_default(34),
    )
    return page


def screenshot_frame(picture: Picture, shared: Picture, chance: Random) -> Picture:
    """Add the same telephone screen."""
    page = Image.new("RGB", (480, 900), "white")
    draw = ImageDraw.Draw(page)
    font = ImageFont.load_default(26)
    draw.text((15, 5), "12:41             LTE  82 %", fill="black", font=font)
    draw.ellipse((15, 60, 75, 120), fill="#567")
    draw.text((90, 65), "somebody\n@some_body · 3 h", fill="black", font=font)
    draw.text((15, 150), "Have a look at this, you all!\nI could not believe it.", fill="black", font=font)
    page.paste(ImageOps.fit(picture, SIZE), (0, 230))
    draw.text((15, 730), "213 likes   41 comments", fill="black", font=font)
    for number in range(4):
        draw.rounded_rectangle((20 + 115 * number, 810, 90 + 115 * number, 880), 15, outline="black", width=4)
    return page


def watermark(picture: Picture, shared: Picture, chance: Random) -> Picture:
    """Add the same half-transparent pattern of words."""
    page = ImageOps.fit(picture, SIZE)
    layer = Image.new("RGBA", SIZE)
    draw = ImageDraw.Draw(layer)
    for row in range(5):
        draw.text(
            (10 + 30 * (row % 2), 40 + 90 * row),
            "© STOCK   © STOCK",
            (255, 255, 255, 110),
            ImageFont.load_default(44),
        )
    page.paste(layer, (0, 0), layer)
    return page


def photo_frame(picture: Picture, shared: Picture, chance: Random) -> Picture:
    """Add the same patterned frame, a tenth of the side wide."""
    page = ImageOps.fit(shared, SIZE)
    page.paste(ImageOps.fit(picture, (384, 384)), (48, 48))
    return page


def collage_half(picture: Picture, shared: Picture, chance: Random) -> Picture:
    """Put the picture beside the same other one."""
    page = Image.new("RGB", SIZE)
    page.paste(ImageOps.fit(picture, (240, 480)), (0, 0))
    page.paste(ImageOps.fit(shared, (240, 480)), (240, 0))
    return page


def inset_on_the_same(side: int) -> Overlay:
    """Put the picture into the same background."""

    def overlay(picture: Picture, shared: Picture, chance: Random) -> Picture:
        page = ImageOps.fit(shared, SIZE)
        page.paste(ImageOps.fit(picture, (side, side)), (240 - side // 2, 240 - side // 2))
        return page

    return overlay


OVERLAYS: Mapping[str, Overlay] = {
    "logo 15 %": sticker(0.15, moved=False),
    "meme text": meme_text,
    "caption bar": caption_bar,
    "screenshot frame": screenshot_frame,
    "watermark": watermark,
    "photo frame": photo_frame,
    "collage half": collage_half,
    "picture-in-picture background": inset_on_the_same(360),
    "moved sticker 15 %": sticker(0.15, moved=True),
}
"""Nothing of these may be flagged."""

STATED: Mapping[str, Overlay] = {
    "moved sticker 25 %": sticker(0.25, moved=True),
    "shared background 75 %": inset_on_the_same(240),
}
"""Of these the figure is stated: nothing separates a large moved sticker from a deep crop."""


def pair(
    overlay: Overlay, one: Picture, other: Picture, shared: Picture, seed: int
) -> tuple[Picture, Picture]:
    """Return two pictures with the same overlay; chance differs between the two."""
    return overlay(one, shared, Random(seed)), overlay(other, shared, Random(seed + 1_000))
