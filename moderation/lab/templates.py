"""Forms that are filled in with other words: certificate, identity card, post, chat, slide, meme, jersey."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from PIL import Image, ImageDraw, ImageFont, ImageOps

from moderation.lab.marks import ink, sentence, word, words
from moderation.lab.sheet import Draw, Sheet


def _certificate(sheet: Sheet) -> Image.Image:
    card = Image.new("RGB", (640, 450), (250, 246, 230))
    draw, colour = ImageDraw.Draw(card), ink(sheet.same, 0, 140)
    draw.rectangle((15, 15, 625, 435), outline=colour, width=8)
    draw.rectangle((30, 30, 610, 420), outline=colour, width=2)
    _centred(card, 90, "CERTIFICATE", 56, colour)
    _centred(card, 150, "This is to certify that", 24, "black")
    _centred(card, 210, sentence(sheet.own, 2), 44, "black")
    _centred(card, 265, "has completed the course", 24, "black")
    _centred(card, 310, sentence(sheet.own, 3), 30, "black")
    words(
        card,
        (70, 370),
        f"{int(sheet.own.integers(1, 29))}.{int(sheet.own.integers(1, 13))}.20{int(sheet.own.integers(10, 27))}",
        24,
        "black",
    )
    draw.line((420, 390, 580, 390), fill="black", width=2)
    draw.ellipse((290, 350, 350, 410), fill=colour)
    return card


def _identity(sheet: Sheet) -> Image.Image:
    card = Image.new("RGB", (560, 350), ink(sheet.same, 190, 250))
    ImageDraw.Draw(card).rectangle((0, 0, 560, 60), fill=ink(sheet.same, 0, 140))
    words(card, (20, 10), "IDENTITY CARD", 36, "white")
    card.paste(ImageOps.fit(sheet.picture, (140, 180)), (25, 90))
    for line, title in enumerate(("Name", "Born", "Number", "Valid")):
        words(card, (190, 85 + 62 * line), title, 18, "grey")
        words(card, (190, 105 + 62 * line), sentence(sheet.own, 2), 28, "black")
    return card


def _post(sheet: Sheet) -> Image.Image:
    card = Image.new("RGB", (560, 320), "white")
    draw = ImageDraw.Draw(card)
    draw.ellipse((25, 25, 95, 95), fill=ink(sheet.own))
    words(card, (115, 28), sentence(sheet.own, 2), 28, "black")
    words(card, (115, 62), "@" + word(sheet.own).lower(), 22, "grey")
    for line in range(3):
        words(card, (30, 120 + 42 * line), sentence(sheet.own, 5)[:34], 30, "black")
    words(
        card,
        (30, 265),
        f"{int(sheet.own.integers(999))} replies   {int(sheet.own.integers(9999))} likes",
        22,
        "grey",
    )
    return card


def _chat(sheet: Sheet) -> Image.Image:
    card = Image.new("RGB", (400, 640), (236, 229, 221))
    draw = ImageDraw.Draw(card)
    draw.rectangle((0, 0, 400, 70), fill=(7, 94, 84))
    words(card, (70, 18), word(sheet.own), 32, "white")
    y = 90
    while y < 560:
        mine, lines = sheet.own.random() < 0.5, int(sheet.own.integers(1, 4))
        left = 100 if mine else 20
        draw.rounded_rectangle(
            (left, y, left + 280, y + 20 + 30 * lines), 14, fill="#dcf8c6" if mine else "white"
        )
        for line in range(lines):
            words(card, (left + 15, y + 8 + 30 * line), sentence(sheet.own, 4)[:20], 24, "black")
        y += 36 + 30 * lines
    return card


def _slide(sheet: Sheet) -> Image.Image:
    card = Image.new("RGB", (640, 400), "white")
    draw = ImageDraw.Draw(card)
    draw.rectangle((0, 0, 30, 400), fill=ink(sheet.same, 0, 200))
    draw.rectangle((0, 360, 640, 400), fill=ink(sheet.same, 0, 200))
    words(card, (60, 30), sentence(sheet.own, 3)[:24], 44, "black")
    for line in range(4):
        draw.ellipse((70, 128 + 55 * line, 84, 142 + 55 * line), fill="black")
        words(card, (105, 118 + 55 * line), sentence(sheet.own, 5)[:34], 28, "black")
    return card


def _meme(sheet: Sheet) -> Image.Image:
    card = ImageOps.fit(sheet.ground, (480, 420))
    for place in (0.1, 0.9):
        text = sentence(sheet.own, 3).upper()[:20]
        ImageDraw.Draw(card).text(
            (240, 420 * place),
            text,
            "white",
            ImageFont.load_default(42),
            anchor="mm",
            stroke_width=4,
            stroke_fill="black",
        )
    return card


def _jersey(sheet: Sheet) -> Image.Image:
    card = Image.new("RGB", (420, 480), (230, 230, 230))
    draw, colour = ImageDraw.Draw(card), ink(sheet.same, 0, 180)
    draw.polygon(
        [
            (110, 60),
            (310, 60),
            (400, 140),
            (350, 200),
            (320, 170),
            (320, 450),
            (100, 450),
            (100, 170),
            (70, 200),
            (20, 140),
        ],
        fill=colour,
    )
    _centred(card, 150, word(sheet.own).upper()[:9], 40, "white")
    _centred(card, 290, str(int(sheet.own.integers(1, 100))), 180, "white")
    return card


def _centred(card: Image.Image, y: int, text: str, size: int, fill: str | tuple[int, int, int]) -> None:
    ImageDraw.Draw(card).text((card.width / 2, y), text, fill, ImageFont.load_default(size), anchor="mm")


TEMPLATES: Mapping[str, Draw] = MappingProxyType(
    {
        "certificate": _certificate,
        "identity card": _identity,
        "post": _post,
        "chat": _chat,
        "slide": _slide,
        "meme, another caption": _meme,
        "jersey": _jersey,
    }
)
