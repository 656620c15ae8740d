"""Signs and letters to draw layouts with: words, icons, charts, lights."""

from __future__ import annotations

import math

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

Chance = np.random.Generator
_SYLLABLES = [
    "ba",
    "ce",
    "di",
    "fo",
    "gu",
    "ha",
    "je",
    "ki",
    "lo",
    "mu",
    "na",
    "pe",
    "ri",
    "so",
    "tu",
    "va",
    "we",
    "xi",
    "yo",
    "zu",
    "ar",
    "en",
    "il",
    "om",
    "us",
]


def ink(chance: Chance, low: int = 0, high: int = 256) -> tuple[int, int, int]:
    """Return a colour with channels of at least ``low`` and below ``high``."""
    red, green, blue = (int(value) for value in chance.integers(low, high, 3))
    return red, green, blue


def word(chance: Chance) -> str:
    """Return a word of two to four syllables."""
    return "".join(chance.choice(_SYLLABLES) for _ in range(int(chance.integers(2, 5)))).capitalize()


def sentence(chance: Chance, count: int) -> str:
    """Return ``count`` words."""
    return " ".join(word(chance) for _ in range(count))


def words(
    card: Image.Image, at: tuple[int, int], text: str, size: int, fill: str | tuple[int, int, int]
) -> None:
    """Write a line of text."""
    ImageDraw.Draw(card).text(at, text, fill, ImageFont.load_default(size))


def texture(chance: Chance) -> Image.Image:
    """Draw a woven ground, full of contrast everywhere."""
    coarse = Image.fromarray(chance.integers(0, 256, (40, 40, 3), dtype=np.uint8))
    return coarse.resize((480, 480), Image.Resampling.BICUBIC)


def icon(card: Image.Image, chance: Chance) -> None:
    """Draw a few plain shapes in the middle, 42 % of the side wide."""
    draw, colour, half = ImageDraw.Draw(card), ink(chance, 0, 150), card.width * 21 // 100
    x, y = card.width // 2, card.height // 2
    box = (x - half, y - half, x + half, y + half)
    kind = int(chance.integers(5))
    if kind == 0:
        draw.ellipse(box, fill=colour)
    elif kind == 1:
        draw.rounded_rectangle(box, half // 3, fill=colour)
    elif kind == 2:
        draw.regular_polygon((x, y, half), int(chance.integers(3, 9)), int(chance.integers(90)), fill=colour)
    elif kind == 3:
        draw.ellipse(box, outline=colour, width=half // 3)
    else:
        draw.pieslice(box, int(chance.integers(360)), int(chance.integers(360, 620)), fill=colour)
    for _ in range(int(chance.integers(1, 4))):
        a, b = (int(value) for value in chance.integers(-half // 2, half // 2, 2))
        r = int(chance.integers(half // 8, half // 2))
        shape = draw.ellipse if chance.random() < 0.5 else draw.rectangle
        shape((x + a - r, y + b - r, x + a + r, y + b + r), fill=ink(chance, 120, 256))


def wordmark(card: Image.Image, chance: Chance) -> None:
    """Write one word across the middle."""
    text = word(chance)
    draw = ImageDraw.Draw(card)
    font = ImageFont.load_default(min(110, round(card.width * 1.5 / len(text))))
    draw.text((card.width / 2, card.height / 2), text, ink(chance, 0, 130), font, anchor="mm")


def letter(card: Image.Image, chance: Chance) -> None:
    """Write one large letter, turned a little."""
    text = chr(ord("A") + int(chance.integers(26)))
    font = ImageFont.load_default(int(card.height * chance.uniform(0.4, 0.6)))
    page = Image.new("RGB", card.size, "white")
    ImageDraw.Draw(page).text((card.width / 2, card.height / 2), text, ink(chance, 0, 120), font, anchor="mm")
    card.paste(page.rotate(float(chance.uniform(-40, 40)), Image.Resampling.BICUBIC, fillcolor="white"))


def _axes(card: Image.Image) -> ImageDraw.ImageDraw:
    draw = ImageDraw.Draw(card)
    draw.line((60, 40, 60, card.height - 60, card.width - 30, card.height - 60), fill="black", width=3)
    for place in range(5):
        y = card.height - 60 - place * (card.height - 120) // 5
        words(card, (15, y - 10), str(place * 20), 18, "black")
        draw.line((60, y, card.width - 30, y), fill="#ccc")
    return draw


def bar_chart(card: Image.Image, chance: Chance) -> None:
    """Draw seven bars of random heights between axes."""
    draw = _axes(card)
    for place in range(7):
        top = card.height - 60 - int(chance.integers(20, card.height - 120))
        left = 80 + place * (card.width - 120) // 7
        draw.rectangle((left, top, left + 34, card.height - 60), fill=(60, 110, 190))


def line_chart(card: Image.Image, chance: Chance) -> None:
    """Draw a random walk between axes."""
    draw = _axes(card)
    heights = np.cumsum(chance.normal(0, 30, 24))
    heights = (heights - heights.min()) / max(1.0, float(np.ptp(heights)))
    points = [
        (70 + place * (card.width - 110) / 23, card.height - 70 - value * (card.height - 140))
        for place, value in enumerate(heights.tolist())
    ]
    draw.line(points, fill=(190, 50, 40), width=5)


def matrix(card: Image.Image, chance: Chance) -> None:
    """Draw random modules with three finder squares, as a QR code has them."""
    modules = chance.integers(0, 2, (25, 25), dtype=np.uint8)
    finder = np.pad(np.pad(np.ones((3, 3), np.uint8), 1), 1, constant_values=1)
    for rows, columns in ((slice(7), slice(7)), (slice(7), slice(18, 25)), (slice(18, 25), slice(7))):
        modules[rows, columns] = finder
    picture = Image.fromarray((1 - modules) * 255).resize((375, 375), Image.Resampling.NEAREST)
    card.paste(picture.convert("RGB"), ((card.width - 375) // 2, (card.height - 375) // 2))


def strokes(card: Image.Image, chance: Chance) -> None:
    """Draw a dozen curved pen strokes."""
    draw = ImageDraw.Draw(card)
    for _ in range(12):
        x, y = (float(value) for value in chance.uniform(100, 380, 2))
        turn, bend = float(chance.uniform(0, 6.28)), float(chance.normal(0, 0.06))
        points = []
        for _ in range(40):
            points.append((x, y))
            turn += bend
            x, y = x + 5 * math.cos(turn), y + 5 * math.sin(turn)
        draw.line(points, fill=(20, 20, 20), width=4)


def light(card: Image.Image, chance: Chance) -> None:
    """Draw one soft light."""
    glow = Image.new("RGB", card.size)
    x, y = int(chance.integers(100, card.width - 100)), int(chance.integers(80, card.height - 80))
    r = int(chance.integers(40, 110))
    ImageDraw.Draw(glow).ellipse((x - r, y - r, x + r, y + r), fill=ink(chance, 150, 256))
    glow = glow.filter(ImageFilter.GaussianBlur(r / 5))
    card.paste(Image.blend(card, glow, 0.9))


def night(card: Image.Image, chance: Chance) -> None:
    """Draw a moon and some stars."""
    draw = ImageDraw.Draw(card)
    x, y, r = (
        int(chance.integers(90, card.width - 90)),
        int(chance.integers(80, 200)),
        int(chance.integers(30, 60)),
    )
    draw.ellipse((x - r, y - r, x + r, y + r), fill=(240, 235, 200))
    for _ in range(40):
        a, b = int(chance.integers(card.width)), int(chance.integers(card.height))
        draw.ellipse((a - 2, b - 2, a + 2, b + 2), fill="white")
