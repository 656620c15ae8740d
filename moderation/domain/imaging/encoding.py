"""Clean encodings by our own encoder: no metadata, no further page, nothing that was not fingerprinted."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence

from PIL import Image

from moderation.domain.analysis import Encoded
from moderation.domain.imaging.opened import Frame

MAX_ENCODED_PIXELS = 12_000_000
"""Of all frames of a published animation together; larger ones are scaled down. Encoding is the slowest step."""

_FEW_COLOURS = 64
"""Drawings with at most so many colours are kept lossless, as PNG: JPEG would smear them."""


def shrink(picture: Image.Image, side: int) -> Image.Image:
    """Return ``picture``, its longest side at most ``side`` pixels."""
    if max(picture.size) <= side:
        return picture
    scale = side / max(picture.size)
    size = max(1, round(picture.width * scale)), max(1, round(picture.height * scale))
    return picture.resize(size, Image.Resampling.BICUBIC, reducing_gap=2.0)


def animation_side(size: tuple[int, int], frames: int, side: int) -> int:
    """Return the longest side at which ``frames`` frames of ``size`` can be encoded in time; at most ``side``."""
    affordable = max(size) * math.sqrt(MAX_ENCODED_PIXELS / (frames * size[0] * size[1]))
    return max(1, min(side, int(affordable)))


def encode(frames: Sequence[Frame], *, quality: int) -> Encoded:
    """Return the publishable file: a still as JPEG, PNG (drawings) or WebP (transparency); an animation as WebP.

    Frames that differ in size, as broken GIFs have them, are set into the largest.
    """
    pictures = _of_one_size([_bare(frame.image) for frame in frames])
    first = pictures[0]
    target = io.BytesIO()
    if len(frames) > 1:
        name = "WEBP"
        first.save(
            target,
            "WEBP",
            save_all=True,
            append_images=pictures[1:],
            duration=[frame.duration for frame in frames],
            loop=0,
            quality=quality,
            method=0,
        )
    elif first.mode == "RGBA":
        name = "WEBP"
        first.save(target, "WEBP", quality=quality, method=2)
    elif first.getcolors(_FEW_COLOURS) is not None:
        name = "PNG"
        first.save(target, "PNG")
    else:
        name = "JPEG"
        first.save(target, "JPEG", quality=quality)
    return Encoded(target.getvalue(), name, first.width, first.height, len(frames))


def encode_evidence(picture: Image.Image, *, side: int) -> Encoded:
    """Return a still JPEG of an opaque ``picture`` for moderators."""
    small = _bare(shrink(picture, side))
    target = io.BytesIO()
    small.save(target, "JPEG", quality=80)
    return Encoded(target.getvalue(), "JPEG", small.width, small.height)


def _bare(picture: Image.Image) -> Image.Image:
    """Return the pixels alone: Pillow's writers copy profiles and comments from ``info`` on their own."""
    bare = picture.copy()
    bare.info = {}
    return bare


def _of_one_size(pictures: list[Image.Image]) -> list[Image.Image]:
    """Return the pictures, smaller ones in the upper left corner of a transparent canvas."""
    size = max(picture.width for picture in pictures), max(picture.height for picture in pictures)
    if all(picture.size == size for picture in pictures):
        return pictures
    canvases = [Image.new("RGBA", size, (0, 0, 0, 0)) for _ in pictures]
    for canvas, picture in zip(canvases, pictures, strict=True):
        canvas.paste(picture, (0, 0))
    return canvases
