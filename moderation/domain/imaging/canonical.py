"""The canonical pictures: one pre-scale, each frame on the backgrounds that it can be seen on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image

from moderation.domain.imaging.decoding import CANONICAL_SIDE
from moderation.domain.imaging.ground import BLACK, WHITE, Edges, Ground, edges_on_grounds

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


class Canonical:
    """A decoded frame at canonical size; frames are numbered from 0.

    The reduction averages whole blocks of pixels, so it moves no edge; it is the only pre-scale that any
    fingerprint of the frame sees.
    """

    def __init__(self, picture: Image.Image, *, frame: int) -> None:
        factor = round(max(picture.size) / CANONICAL_SIDE)
        small = picture.reduce(factor) if factor > 1 else picture
        self._label = f"frame {frame + 1}" if frame else ""
        self._opaque = small if small.mode == "RGB" else None
        self._premultiplied = np.asarray(small.convert("RGBa")) if self._opaque is None else None

    def edges(self) -> Edges | None:
        """Return how much of it is to be seen on each ground; None where it is opaque."""
        return None if self._premultiplied is None else edges_on_grounds(self._premultiplied)

    def views(self, ground: Ground) -> list[View]:
        """Return what is looked at: one picture where it is opaque; else on white, on black, and on the ground on which
        it is published."""
        if self._opaque is not None:
            return [_view(self._opaque, self._label)]
        grounds = dict.fromkeys((WHITE, BLACK, ground))
        if float((255 - self._pixels()[..., 3:]).mean()) / 255 < _TRANSPARENCY_MATTERS:
            return [_view(self._on(ground), self._label)]
        return [_view(self._on(one), _join(self._label, f"on {one.name}")) for one in grounds]

    def _on(self, ground: Ground) -> Image.Image:
        pixels = self._pixels()
        missing = (255 - pixels[..., 3:]).astype(np.uint16)
        return Image.fromarray(pixels[..., :3] + (missing * ground.level // 255).astype(np.uint8))

    def _pixels(self) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
        assert self._premultiplied is not None
        return self._premultiplied


def _view(colour: Image.Image, name: str) -> View:
    return View(colour, colour.convert("L"), name)


def _join(*words: str) -> str:
    return ", ".join(word for word in words if word)
