"""Edits that hide a picture in a frame of an animation or in transparency."""

from __future__ import annotations

import io
from collections.abc import Sequence

from PIL import Image

from moderation.lab.drawing import saved

_INNOCENT_FRAMES = 4


def animated(picture: Image.Image, others: Sequence[Image.Image], *, kind: str) -> bytes:
    """Return an animation of unrelated frames with the picture as its last but one."""
    frames = [
        other.resize(picture.size) for other in (others[n % len(others)] for n in range(_INNOCENT_FRAMES))
    ]
    frames.insert(_INNOCENT_FRAMES - 1, picture)
    target = io.BytesIO()
    frames[0].save(target, kind, save_all=True, append_images=frames[1:], duration=120)
    return target.getvalue()


def drawn_in_alpha(picture: Image.Image, *, ink: int) -> bytes:
    """Return one colour everywhere; the picture is in the alpha channel and shows on a ground of the other colour."""
    grey = picture.convert("L")
    alpha = grey.point([255 - value for value in range(256)]) if ink == 0 else grey
    drawn = Image.new("RGBA", picture.size, (ink, ink, ink, 0))
    drawn.putalpha(alpha)
    return saved(drawn, "PNG")


def transparent_margin(picture: Image.Image) -> bytes:
    """Add a fully transparent margin of 15 % on each side."""
    margin = round(max(picture.size) * 0.15)
    canvas = Image.new("RGBA", (picture.width + 2 * margin, picture.height + 2 * margin), (0, 0, 0, 0))
    canvas.paste(picture, (margin, margin))
    return saved(canvas, "PNG")
