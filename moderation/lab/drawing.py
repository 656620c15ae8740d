"""Edits that draw something around or over a picture."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image, ImageDraw, ImageFont, ImageOps


def saved(picture: Image.Image, kind: str = "JPEG", **options: int | str) -> bytes:
    """Return the picture as a file; a JPEG of quality 88 unless told otherwise."""
    if kind == "JPEG":
        options = {"quality": 88, **options}
    target = io.BytesIO()
    picture.save(target, kind, **options)
    return target.getvalue()


def bordered(picture: Image.Image, *, share: float, colour: str) -> Image.Image:
    """Draw a border on all sides, ``share`` of the longest side wide."""
    return ImageOps.expand(picture, max(1, round(max(picture.size) * share)), colour)


def letterboxed(picture: Image.Image) -> Image.Image:
    """Draw black bars above and below, or left and right, to a square or beyond."""
    width, height = picture.size
    size = (width, round(width * 1.1)) if width > height else (round(height * 1.1), height)
    return ImageOps.pad(picture, (max(size[0], width), max(size[1], height)), color="black")


def watermarked(picture: Image.Image) -> Image.Image:
    """Draw half-transparent words in rows over the whole picture."""
    layer = Image.new("RGBA", picture.size, (0, 0, 0, 0))
    draw = ImageDraw.Draw(layer)
    step = max(24, picture.height // 5)
    for row, y in enumerate(range(step // 2, picture.height, step)):
        draw.text((10 - 30 * (row % 2), y), "© sample photo " * 6, (255, 255, 255, 110), _font(step // 3))
    return Image.alpha_composite(picture.convert("RGBA"), layer).convert("RGB")


def big_text(picture: Image.Image) -> Image.Image:
    """Draw one line of large letters across the middle."""
    return _lettered(picture, ((0.5, "LOOK AT THIS"),), share=0.12)


def meme_text(picture: Image.Image) -> Image.Image:
    """Draw white capitals with a black outline at the top and at the bottom."""
    return _lettered(picture, ((0.09, "WHEN YOU SEE IT"),), share=0.09, bottom="YOU CANNOT UNSEE")


def logo(picture: Image.Image, random: np.random.Generator, *, share: float) -> Image.Image:
    """Draw an opaque badge over ``share`` of the area, in one of the corners."""
    width, height = picture.size
    side = round((width * height * share) ** 0.5)
    left = int(random.integers(2)) * (width - side)
    top = int(random.integers(2)) * (height - side)
    marked = picture.copy()
    draw = ImageDraw.Draw(marked)
    draw.rectangle((left, top, left + side, top + side), fill=(245, 200, 40))
    inset = side // 6
    draw.ellipse((left + inset, top + inset, left + side - inset, top + side - inset), fill=(30, 60, 160))
    draw.text((left + side // 2, top + side // 2), "TV", "white", _font(side // 3), anchor="mm")
    return marked


def caption_bar(picture: Image.Image) -> Image.Image:
    """Draw a white bar with two lines of text above the picture."""
    bar = max(24, picture.height // 5)
    canvas = Image.new("RGB", (picture.width, picture.height + bar), "white")
    canvas.paste(picture, (0, bar))
    draw = ImageDraw.Draw(canvas)
    for line, words in enumerate(("Nobody expected this", "to happen on a Monday")):
        draw.text((picture.width * 0.04, bar * (0.12 + 0.42 * line)), words, "black", _font(bar // 3))
    return canvas


def screenshot(picture: Image.Image) -> Image.Image:
    """Show the picture on a telephone's screen: status line, title, picture, a row of buttons, a comment."""
    width = picture.width
    unit = max(16, width // 14)
    canvas = Image.new("RGB", (width, picture.height + 8 * unit), (250, 250, 250))
    draw = ImageDraw.Draw(canvas)
    draw.text((unit // 2, unit // 4), "9:41", "black", _font(unit // 2))
    draw.rectangle((width - 2 * unit, unit // 4, width - unit // 2, unit * 3 // 4), fill="black")
    draw.ellipse((unit // 2, unit * 3 // 2, unit * 3 // 2, unit * 5 // 2), fill=(90, 120, 200))
    draw.text((unit * 2, unit * 3 // 2), "some.account", "black", _font(unit * 2 // 3))
    top = 3 * unit
    canvas.paste(picture, (0, top))
    below = top + picture.height
    for place in range(3):
        left = unit // 2 + place * unit * 3 // 2
        draw.ellipse((left, below + unit // 2, left + unit, below + unit * 3 // 2), outline="black", width=2)
    draw.text((unit // 2, below + unit * 2), "1,204 likes", "black", _font(unit * 2 // 3))
    draw.text((unit // 2, below + unit * 3), "What do you think of it?", "black", _font(unit * 2 // 3))
    return canvas


def _lettered(
    picture: Image.Image, lines: tuple[tuple[float, str], ...], *, share: float, bottom: str = ""
) -> Image.Image:
    """Draw centred outlined capitals at heights given as a share; ``share`` of the height tall."""
    lettered = picture.copy()
    draw = ImageDraw.Draw(lettered)
    places = [*lines, (1 - share, bottom)] if bottom else list(lines)
    for place, words in places:
        size = max(8, min(round(picture.height * share), round(picture.width * 1.6 / len(words))))
        draw.text(
            (picture.width / 2, picture.height * place),
            words,
            "white",
            _font(size),
            anchor="mm",
            stroke_width=max(1, size // 12),
            stroke_fill="black",
        )
    return lettered


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(max(8, size))
