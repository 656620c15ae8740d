"""The hard copies that people make, drawn with Pillow: what the benchmark of the second tier looks for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random

from PIL import Image, ImageDraw, ImageFilter, ImageFont, ImageOps

Picture = Image.Image
Edit = Callable[[Picture, Random, Picture], Picture]
"""Picture, source of chance, and another picture to combine with."""


def crop(share: float) -> Edit:
    """Cut so much off on every side."""

    def edit(p: Picture, chance: Random, other: Picture) -> Picture:
        w, h = p.size
        return p.crop((int(w * share), int(h * share), int(w * (1 - share)), int(h * (1 - share))))

    return edit


def one_sided(p: Picture, chance: Random, other: Picture) -> Picture:
    """Cut a fifth off on one side."""
    w, h = p.size
    boxes = [(w // 5, 0, w, h), (0, h // 5, w, h), (0, 0, w * 4 // 5, h), (0, 0, w, h * 4 // 5)]
    return p.crop(chance.choice(boxes))


def corner(p: Picture, chance: Random, other: Picture) -> Picture:
    """Keep seventy per cent of each side, from a corner."""
    w, h = p.size
    x, y = chance.choice((0, w * 3 // 10)), chance.choice((0, h * 3 // 10))
    return p.crop((x, y, x + w * 7 // 10, y + h * 7 // 10))


def square(p: Picture, chance: Random, other: Picture) -> Picture:
    """Cut out the middle square, as avatar forms do."""
    return ImageOps.fit(p, (min(p.size), min(p.size)))


def rotation(degrees: float) -> Edit:
    """Turn, with black corners."""

    def edit(p: Picture, chance: Random, other: Picture) -> Picture:
        return p.rotate(chance.choice((-degrees, degrees)), Image.Resampling.BICUBIC, expand=False)

    return edit


def perspective(p: Picture, chance: Random, other: Picture) -> Picture:
    """Photograph askew."""
    w, h = p.size
    d = [chance.uniform(0, 0.1) for _ in range(8)]
    quad = (d[0] * w, d[1] * h, d[2] * w, h - d[3] * h, w - d[4] * w, h - d[5] * h, w - d[6] * w, d[7] * h)
    return p.transform(p.size, Image.Transform.QUAD, quad, Image.Resampling.BICUBIC)


def circle(p: Picture, chance: Random, other: Picture) -> Picture:
    """Cut out the middle square under a round mask, on white."""
    cut = square(p, chance, other)
    mask = Image.new("L", cut.size)
    ImageDraw.Draw(mask).ellipse((0, 0, *cut.size), fill=255)
    return Image.composite(cut, Image.new("RGB", cut.size, "white"), mask)


def lettering(draw: ImageDraw.ImageDraw, at: tuple[float, float], text: str, size: float, fill: str) -> None:
    """Write text in the font that Pillow brings along."""
    draw.text(at, text, fill=fill, font=ImageFont.load_default(max(6, size)), stroke_width=1)


def caption(p: Picture, chance: Random, other: Picture) -> Picture:
    """Put a white bar with text above the picture."""
    w, h = p.size
    page = Image.new("RGB", (w, h + h // 5), "white")
    page.paste(p, (0, h // 5))
    lettering(
        ImageDraw.Draw(page), (w * 0.04, h * 0.03), "when you see it\nyou cannot unsee it", w * 0.08, "black"
    )
    return page


def screenshot(p: Picture, chance: Random, other: Picture) -> Picture:
    """Show a telephone's screen with bars and buttons around the picture."""
    w = p.width
    body = ImageOps.contain(p, (w, int(w * 1.4)))
    page = Image.new("RGB", (w, int(w * 1.9)), chance.choice(("white", "#15202b")))
    draw = ImageDraw.Draw(page)
    ink = "black" if page.getpixel((0, 0)) == (255, 255, 255) else "white"
    lettering(draw, (w * 0.04, w * 0.02), "12:41        LTE 82%", w * 0.045, ink)
    draw.ellipse((w * 0.04, w * 0.1, w * 0.14, w * 0.2), fill="#8899aa")
    lettering(draw, (w * 0.18, w * 0.12), "somebody  @some_body", w * 0.05, ink)
    page.paste(body, ((w - body.width) // 2, int(w * 0.24)))
    for number in range(4):
        draw.rectangle(
            (w * (0.08 + 0.24 * number), w * 1.76, w * (0.16 + 0.24 * number), w * 1.83), outline=ink, width=3
        )
    return page


def story(p: Picture, chance: Random, other: Picture) -> Picture:
    """Show a portrait page with the picture on its own blur."""
    page = ImageOps.fit(p, (540, 960)).filter(ImageFilter.GaussianBlur(24))
    body = ImageOps.contain(p, (480, 700))
    page.paste(body, ((540 - body.width) // 2, (960 - body.height) // 2))
    lettering(ImageDraw.Draw(page), (60, 60), "look at this", 44, "white")
    return page


def collage(p: Picture, chance: Random, other: Picture) -> Picture:
    """Put the picture side by side with another one."""
    page = Image.new("RGB", (800, 500))
    halves = [ImageOps.fit(p, (400, 500)), ImageOps.fit(other, (400, 500))]
    chance.shuffle(halves)
    page.paste(halves[0], (0, 0))
    page.paste(halves[1], (400, 0))
    return page


def inset(share: float) -> Edit:
    """Put a picture in the picture, of so much of the sides."""

    def edit(p: Picture, chance: Random, other: Picture) -> Picture:
        page = ImageOps.fit(other, (512, 512))
        small = ImageOps.contain(p, (int(512 * share), int(512 * share)))
        page.paste(small, (chance.randint(0, 512 - small.width), chance.randint(0, 512 - small.height)))
        return page

    return edit


def meme(p: Picture, chance: Random, other: Picture) -> Picture:
    """Write large letters above and below, in the picture."""
    page = p.copy()
    draw, w, h = ImageDraw.Draw(page), p.width, p.height
    lettering(draw, (w * 0.05, h * 0.03), "ONE DOES NOT SIMPLY", w * 0.08, "white")
    lettering(draw, (w * 0.05, h * 0.85), "UPLOAD THIS AGAIN", w * 0.08, "white")
    return page


def then(*edits: Edit) -> Edit:
    """Make one edit after the other."""

    def edit(p: Picture, chance: Random, other: Picture) -> Picture:
        for one in edits:
            p = one(p, chance, other)
        return p

    return edit


def mirror(p: Picture, chance: Random, other: Picture) -> Picture:
    """Exchange left and right."""
    return ImageOps.mirror(p)


def negative(p: Picture, chance: Random, other: Picture) -> Picture:
    """Exchange light and dark."""
    return ImageOps.invert(p)


def blur(p: Picture, chance: Random, other: Picture) -> Picture:
    """Blur heavily."""
    return p.filter(ImageFilter.GaussianBlur(max(p.size) / 100))


HARD: Mapping[str, Edit] = {
    "crop 5": crop(0.05),
    "crop 10": crop(0.1),
    "crop 20": crop(0.2),
    "one-sided": one_sided,
    "to 70 %": corner,
    "square": square,
    "rotation 5": rotation(5),
    "rotation 10": rotation(10),
    "rotation 15": rotation(15),
    "perspective": perspective,
    "circle": circle,
    "caption bar": caption,
    "screenshot": screenshot,
    "story pad": story,
    "half collage": collage,
    "inset 50 %": inset(0.5),
    "inset 80 %": inset(0.8),
    "mirror crop 10": then(mirror, crop(0.1)),
    "negative crop 10": then(negative, crop(0.1)),
    "meme crop 10": then(meme, crop(0.1)),
    "blur crop 5": then(blur, crop(0.05)),
}
