"""The canonical pictures: one pre-scale, each frame on the backgrounds that it can be seen on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image

from moderation.domain.imaging.decoding import CANONICAL_SIDE

_TRANSPARENCY_MATTERS = 0.001
"""Share of a picture's ink that has to be missing before it is looked at on both backgrounds: anti-aliased edges
and rounded corners of an icon do not make it two pictures."""


@dataclass(frozen=True, slots=True)
class View:
    """A distinct frame on one background, at canonical size. What fingerprints are made from."""

    colour: Image.Image
    """``RGB``, longest side about :data:`CANONICAL_SIDE` or less."""
    grey: Image.Image
    """``L``, of the same size."""
    name: str
    """In words: ``frame 3, on black``; empty for an opaque still."""


def views_of(picture: Image.Image, *, frame: int) -> list[View]:
    """Return the one or two views of a decoded frame (``RGB`` or ``RGBA``); frames are numbered from 0.

    The reduction averages whole blocks of pixels, so it moves no edge; it is the only pre-scale that any
    fingerprint of the frame sees.
    """
    factor = round(max(picture.size) / CANONICAL_SIDE)
    small = picture.reduce(factor) if factor > 1 else picture
    label = f"frame {frame + 1}" if frame else ""
    if small.mode == "RGB":
        return [_view(small, label)]
    premultiplied = np.asarray(small.convert("RGBa"))
    ink, missing = premultiplied[..., :3], 255 - premultiplied[..., 3:]
    on_white = Image.fromarray(ink + missing)
    if float(missing.mean()) / 255 < _TRANSPARENCY_MATTERS:
        return [_view(on_white, label)]
    return [
        _view(on_white, _join(label, "on white")),
        _view(Image.fromarray(np.ascontiguousarray(ink)), _join(label, "on black")),
    ]


def on_white(picture: Image.Image) -> Image.Image:
    """Return the picture without its alpha channel, as it looks on a white page: ``RGB``."""
    if picture.mode == "RGB":
        return picture
    page = Image.new("RGBA", picture.size, "white")
    page.alpha_composite(picture.convert("RGBA"))
    return page.convert("RGB")


def _view(colour: Image.Image, name: str) -> View:
    return View(colour, colour.convert("L"), name)


def _join(*words: str) -> str:
    return ", ".join(word for word in words if word)
