"""The edits that a copy goes through, by group. Each is deterministic, given the picture and its random numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from PIL import Image, ImageOps

from moderation.lab import drawing, frames, geometry, tones
from moderation.lab.drawing import saved

Maker = Callable[[Image.Image, "Material"], bytes]


@dataclass(frozen=True, slots=True)
class Material:
    """What an edit may draw on besides the picture."""

    random: np.random.Generator
    others: Sequence[Image.Image]
    """Unrelated pictures, for animations and collages; at least one."""


@dataclass(frozen=True, slots=True)
class Edit:
    """One way to alter a picture."""

    name: str
    group: str
    make: Maker
    """``RGB`` picture and material to the bytes of the copy."""


def _plain(change: Callable[[Image.Image], Image.Image]) -> Maker:
    """Return an edit of the pixels alone, saved as a good JPEG."""
    return lambda picture, _: saved(change(picture))


def _codec(kind: str, **options: int | str) -> Maker:
    return lambda picture, _: saved(picture, kind, **options)


def _animated(kind: str) -> Maker:
    return lambda picture, material: frames.animated(picture, material.others, kind=kind)


def _turned(how: Image.Transpose) -> Maker:
    return _plain(lambda picture: picture.transpose(how))


def _resized(scale: float) -> Maker:
    return _plain(lambda picture: geometry.scaled(picture, scale, scale))


def _groups() -> dict[str, dict[str, Maker]]:
    turns = Image.Transpose
    return {
        "resize": {
            "half": _resized(0.5),
            "quarter": _resized(0.25),
            "64 px": _plain(lambda picture: geometry.fitted(picture, 64)),
            "upscale ×2": _resized(2.0),
            "aspect ×1.33": _plain(lambda picture: geometry.scaled(picture, 1.33, 1.0)),
        },
        "codec": {
            "JPEG q75": _codec("JPEG", quality=75),
            "JPEG q40": _codec("JPEG", quality=40),
            "JPEG q15": _codec("JPEG", quality=15),
            "WebP": _codec("WEBP", quality=50, method=0),
            "AVIF": _codec("AVIF", quality=50, speed=10),
            "palette PNG": lambda picture, _: saved(picture.quantize(256), "PNG"),
            "GIF": _codec("GIF"),
            "CMYK JPEG": lambda picture, _: saved(picture.convert("CMYK"), "JPEG", quality=85),
        },
        "tone": {name: _plain(change) for name, change in tones.TONES.items()},
        "blur and noise": {
            **{name: _plain(change) for name, change in tones.SOFTENING.items()},
            "noise": lambda picture, material: saved(tones.noisy(picture, material.random, sigma=16)),
        },
        "orientation": {
            "mirror": _turned(turns.FLIP_LEFT_RIGHT),
            "flip": _turned(turns.FLIP_TOP_BOTTOM),
            "rotate 90": _turned(turns.ROTATE_90),
            "rotate 180": _turned(turns.ROTATE_180),
            "rotate 270": _turned(turns.ROTATE_270),
            "EXIF": lambda picture, _: geometry.exif_rotated(picture),
        },
        "border": {
            **{
                f"border {share:.0%} {colour}": _plain(partial(drawing.bordered, share=share, colour=colour))
                for share in (0.03, 0.08, 0.15)
                for colour in ("white", "black", "firebrick")
            },
            "letterbox": _plain(drawing.letterboxed),
        },
        "frames and alpha": {
            "bad frame of a GIF": _animated("GIF"),
            "bad frame of an APNG": _animated("PNG"),
            "bad frame of a WebP": _animated("WEBP"),
            "drawn in alpha, on white": lambda picture, _: frames.drawn_in_alpha(picture, ink=0),
            "drawn in alpha, on black": lambda picture, _: frames.drawn_in_alpha(picture, ink=255),
            "transparent margin": lambda picture, _: frames.transparent_margin(picture),
        },
        "overlay": {
            "watermark": _plain(drawing.watermarked),
            "big text": _plain(drawing.big_text),
            "meme text": _plain(drawing.meme_text),
            "logo 5 %": lambda picture, material: saved(drawing.logo(picture, material.random, share=0.05)),
            "logo 15 %": lambda picture, material: saved(drawing.logo(picture, material.random, share=0.15)),
        },
        "combined": {
            "border + text + JPEG": lambda picture, _: saved(
                drawing.bordered(drawing.big_text(picture), share=0.06, colour="white"), quality=50
            ),
            "rotate 90 + border": _plain(
                lambda picture: drawing.bordered(
                    picture.transpose(turns.ROTATE_90), share=0.08, colour="black"
                )
            ),
            "mirror + JPEG": lambda picture, _: saved(ImageOps.mirror(picture), quality=30),
            "resize + grey": _plain(lambda picture: geometry.scaled(picture, 0.5, 0.5).convert("L")),
        },
        "hard": {
            "equalise": _plain(ImageOps.equalize),
            "negative": _plain(ImageOps.invert),
            "caption bar": _plain(drawing.caption_bar),
            "story pad": _plain(geometry.story_pad),
            "screenshot frame": _plain(drawing.screenshot),
            "circle mask": _plain(geometry.circle_masked),
            **{f"rotate {d}°": _plain(partial(geometry.tilted, degrees=d)) for d in (2, 5, 10, 15)},
            "perspective": _plain(geometry.perspective),
            **{
                f"crop {p} % a side": _plain(partial(geometry.cropped, sides=(p, p, p, p)))
                for p in (5, 10, 20)
            },
            "crop one side 15 %": _plain(partial(geometry.cropped, sides=(15, 0, 0, 0))),
            "crop to a corner": _plain(partial(geometry.cropped, sides=(0, 0, 40, 40))),
            "collage": lambda picture, material: saved(geometry.collage(picture, material.others[0])),
            "picture in picture": lambda picture, material: saved(
                geometry.picture_in_picture(picture, material.others[0])
            ),
        },
    }


EDITS: tuple[Edit, ...] = tuple(
    Edit(name, group, make) for group, edits in _groups().items() for name, make in edits.items()
)
GROUPS: tuple[str, ...] = tuple(dict.fromkeys(edit.group for edit in EDITS))
