"""Layouts that different pictures share: what must not be taken for a copy.

Each draws a picture from what all pictures of the layout have in common (:attr:`Sheet.same`, :attr:`Sheet.ground`)
and from what is their own. Two sheets that differ in their own part alone give two *strangers*: a filter that looks
at the whole counts the common part as agreement.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageOps

from moderation.lab import marks
from moderation.lab.marks import Chance, ink
from moderation.lab.sheet import Draw, Sheet


def _on_card(share: float) -> Draw:
    def draw(sheet: Sheet) -> Image.Image:
        """Draw a photograph in the middle of a plain card."""
        card = Image.new("RGB", (480, 480), ink(sheet.same, 235, 256))
        side = round(480 * share)
        card.paste(ImageOps.fit(sheet.picture, (side, side)), ((480 - side) // 2, (480 - side) // 2))
        return card

    return draw


def _round(share: float, low: int, high: int) -> Draw:
    def draw(sheet: Sheet) -> Image.Image:
        """Draw a round avatar on a plain ground."""
        card = Image.new("RGB", (480, 480), ink(sheet.same, low, high))
        _paste_round(card, sheet.picture, round(480 * share), (240, 240))
        return card

    return draw


def _paste_round(card: Image.Image, picture: Image.Image, side: int, middle: tuple[int, int]) -> None:
    mask = Image.new("L", (side, side))
    ImageDraw.Draw(mask).ellipse((0, 0, side - 1, side - 1), fill=255)
    card.paste(ImageOps.fit(picture, (side, side)), (middle[0] - side // 2, middle[1] - side // 2), mask)


def _bars(inner: tuple[int, int], outer: tuple[int, int]) -> Draw:
    def draw(sheet: Sheet) -> Image.Image:
        """Draw a film with black bars."""
        card = Image.new("RGB", outer, "black")
        card.paste(
            ImageOps.fit(sheet.picture, inner), ((outer[0] - inner[0]) // 2, (outer[1] - inner[1]) // 2)
        )
        return card

    return draw


def _window(share: float, *, texture: bool) -> Draw:
    def draw(sheet: Sheet) -> Image.Image:
        """Draw a picture in a picture, over one wallpaper or texture."""
        ground = marks.texture(sheet.same) if texture else sheet.ground
        card = ImageOps.fit(ground, (480, 480))
        side = round(480 * share)
        card.paste(ImageOps.fit(sheet.picture, (side, side)), ((480 - side) // 2, (480 - side) // 2))
        return card

    return draw


def _polaroid(sheet: Sheet) -> Image.Image:
    card = Image.new("RGB", (400, 500), ink(sheet.same, 160, 200))
    ImageDraw.Draw(card).rectangle((40, 30, 360, 470), fill="white")
    card.paste(ImageOps.fit(sheet.picture, (280, 270)), (60, 50))
    marks.words(card, (80, 370), marks.sentence(sheet.own, 2), 30, "black")
    return card


def _profile(sheet: Sheet) -> Image.Image:
    card = Image.new("RGB", (420, 600), "white")
    card.paste(ImageOps.fit(sheet.ground, (420, 180)), (0, 0))
    _paste_round(card, sheet.picture, 170, (210, 190))
    marks.words(card, (90, 300), marks.sentence(sheet.own, 2), 34, "black")
    marks.words(card, (60, 360), "142 posts   3 k followers", 24, "grey")
    ImageDraw.Draw(card).rounded_rectangle((60, 420, 360, 480), 20, fill=ink(sheet.same, 40, 200))
    marks.words(card, (150, 432), "Follow", 30, "white")
    return card


def _listing(sheet: Sheet) -> Image.Image:
    card = Image.new("RGB", (480, 560), "white")
    draw = ImageDraw.Draw(card)
    draw.rectangle((0, 0, 480, 60), fill=ink(sheet.same, 20, 160))
    marks.words(card, (20, 12), "MARKET PLACE", 32, "white")
    card.paste(ImageOps.fit(sheet.picture, (240, 300)), (20, 90))
    for line in range(4):
        marks.words(card, (275, 100 + 60 * line), marks.sentence(sheet.own, 2)[:14], 24, "black")
    draw.rounded_rectangle((275, 360, 460, 410), 12, fill=ink(sheet.same, 30, 220))
    marks.words(card, (20, 430), marks.sentence(sheet.own, 5)[:30], 24, "black")
    return card


def _telephone(sheet: Sheet) -> Image.Image:
    card = Image.new("RGB", (400, 800), ink(sheet.same, 225, 250))
    draw = ImageDraw.Draw(card)
    marks.words(card, (20, 15), "9:41        LTE 82 %", 24, "black")
    draw.ellipse((20, 70, 80, 130), fill=ink(sheet.same))
    marks.words(card, (95, 80), "an.account", 28, "black")
    card.paste(ImageOps.fit(sheet.picture, (400, 400)), (0, 150))
    for place in range(4):
        draw.rounded_rectangle((25 + 95 * place, 700, 90 + 95 * place, 765), 14, outline="black", width=4)
    marks.words(card, (20, 570), f"{int(sheet.own.integers(9, 9999))} likes", 26, "black")
    return card


def _player(sheet: Sheet) -> Image.Image:
    card = Image.new("RGB", (640, 460), "#111")
    draw = ImageDraw.Draw(card)
    card.paste(ImageOps.fit(sheet.picture, (420, 330)), (110, 20))
    draw.polygon([(300, 150), (300, 230), (360, 190)], fill="white")
    draw.rectangle((40, 390, 600, 398), fill="#555")
    draw.rectangle((40, 390, 40 + int(sheet.own.integers(20, 500)), 398), fill="red")
    marks.words(card, (40, 410), "|>   <)   1:02 / 4:10          [ ]", 26, "white")
    return card


def _neighbour(sheet: Sheet) -> Image.Image:
    card = Image.new("RGB", (560, 400))
    card.paste(ImageOps.fit(sheet.ground, (280, 400)), (0, 0))
    card.paste(ImageOps.fit(sheet.picture, (280, 400)), (280, 0))
    return card


def _gradient(sheet: Sheet) -> Image.Image:
    ground = Image.linear_gradient("L").resize((480, 480))
    card = ImageOps.colorize(ground, ink(sheet.same, 0, 120), ink(sheet.same, 140, 256))
    _paste_round(card, sheet.picture, 220, (240, 240))
    return card


def _striped(sheet: Sheet) -> Image.Image:
    card = Image.new("RGB", (480, 480), ink(sheet.same))
    draw, colour = ImageDraw.Draw(card), ink(sheet.same)
    for place in range(-480, 480, 48):
        draw.line((place, 0, place + 480, 480), fill=colour, width=20)
    card.paste(ImageOps.fit(sheet.picture, (270, 270)), (105, 105))
    return card


def _sticker(sheet: Sheet) -> Image.Image:
    card = ImageOps.fit(sheet.ground, (480, 480)).filter(ImageFilter.GaussianBlur(3))
    _paste_round(card, sheet.picture, 260, (290, 280))
    return card


def _strip(sheet: Sheet) -> Image.Image:
    card = Image.new("RGB", (300, 620), "black")
    draw = ImageDraw.Draw(card)
    for place in range(0, 620, 40):
        for left in (8, 272):
            draw.rounded_rectangle((left, place + 10, left + 20, place + 28), 4, fill="white")
    card.paste(ImageOps.fit(sheet.picture, (220, 280)), (40, 20))
    card.paste(ImageOps.fit(ImageOps.mirror(sheet.picture), (220, 280)), (40, 320))
    return card


def _page(sheet: Sheet) -> Image.Image:
    card = Image.new("RGB", (480, 640), "white")
    marks.words(card, (40, 30), "THE DAILY", 60, "black")
    ImageDraw.Draw(card).line((40, 110, 440, 110), fill="black", width=4)
    card.paste(ImageOps.fit(sheet.picture, (190, 190)).convert("L").convert("RGB"), (40, 140))
    for line in range(16):
        marks.words(
            card,
            (250 if line < 7 else 40, 140 + 28 * line),
            marks.sentence(sheet.own, 8)[: 16 if line < 7 else 34],
            20,
            "black",
        )
    return card


def _mark(draw_mark: Callable[[Image.Image, Chance], None]) -> Draw:
    def draw(sheet: Sheet) -> Image.Image:
        card = Image.new("RGB", (480, 480), "white")
        draw_mark(card, sheet.own)
        return card

    return draw


def _dark(draw_mark: Callable[[Image.Image, Chance], None]) -> Draw:
    def draw(sheet: Sheet) -> Image.Image:
        card = Image.new("RGB", (480, 360), ink(sheet.same, 0, 25))
        draw_mark(card, sheet.own)
        return card

    return draw


LAYOUTS: Mapping[str, Draw] = MappingProxyType(
    {
        "card 35 %": _on_card(0.35),
        "card 50 %": _on_card(0.5),
        "card 60 %": _on_card(0.6),
        "card 75 %": _on_card(0.75),
        "round avatar, light": _round(0.5, 225, 256),
        "round avatar, dark": _round(0.4, 0, 60),
        "round avatar, large": _round(0.8, 200, 256),
        "bars at the sides": _bars((200, 360), (640, 360)),
        "narrow bars at the sides": _bars((360, 360), (640, 360)),
        "bars above and below": _bars((360, 202), (360, 640)),
        "window on a wallpaper, 50 %": _window(0.5, texture=False),
        "window on a wallpaper, 60 %": _window(0.6, texture=False),
        "window on a texture, 50 %": _window(0.5, texture=True),
        "window on a texture, 60 %": _window(0.6, texture=True),
        "polaroid": _polaroid,
        "profile card": _profile,
        "listing": _listing,
        "telephone": _telephone,
        "film player": _player,
        "the same neighbour": _neighbour,
        "on a gradient": _gradient,
        "on stripes": _striped,
        "sticker on a photograph": _sticker,
        "film strip": _strip,
        "newspaper": _page,
        "icons": _mark(marks.icon),
        "wordmarks": _mark(marks.wordmark),
        "single letters": _mark(marks.letter),
        "bar charts": _mark(marks.bar_chart),
        "line charts": _mark(marks.line_chart),
        "QR codes": _mark(marks.matrix),
        "line drawings": _mark(marks.strokes),
        "a light in the dark": _dark(marks.light),
        "moon and stars": _dark(marks.night),
    }
)
"""Of these a stranger may be held, and seldom is; it is never blocked."""


def strangers(
    draw: Draw, count: int, *, pictures: Callable[[int], Image.Image], seed: int
) -> list[Image.Image]:
    """Draw ``count`` different pictures in one layout. ``pictures`` gives unrelated ones by number, 0 the shared one."""
    return [
        draw(
            Sheet(
                np.random.default_rng([seed, 0]),
                np.random.default_rng([seed, number]),
                pictures(number),
                pictures(0),
            )
        )
        for number in range(1, count + 1)
    ]
