"""What transparent pictures are laid on: a ground on which the drawing shows.

White is what pages are, so it comes first. White lines are not to be seen on it, and what is published must not be
a blank square.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image


@dataclass(frozen=True, slots=True)
class Ground:
    """A colour that a transparent picture is laid on."""

    name: str
    level: int
    """Of all three channels."""


WHITE, GREY, BLACK = Ground("white", 255), Ground("grey", 128), Ground("black", 0)
GROUNDS = (WHITE, GREY, BLACK)
"""In the order in which they are tried."""

_ENOUGH = 0.6
"""Share of the edges to be seen on the best ground that a ground has to show."""
_STEP = 24
"""Levels above which a step between neighbours counts no more: it is seen, and how well is not asked."""

_SIDE = 256
"""Pixels of the longest side that are looked at, about; of a larger picture every second, third or fourth."""
_LUMA = np.array([77, 150, 29], dtype=np.int32)

Edges = NDArray[np.float64]
"""How much is to be seen on each of :data:`GROUNDS`; sums over the frames of an animation."""


def on_ground(picture: Image.Image, ground: Ground) -> Image.Image:
    """Return the picture without its alpha channel, as it looks on the ground: ``RGB``."""
    if picture.mode == "RGB":
        return picture
    page = Image.new("RGBA", picture.size, (ground.level, ground.level, ground.level, 255))
    page.alpha_composite(picture.convert("RGBA"))
    return page.convert("RGB")


def edges_on_grounds(premultiplied: NDArray[np.uint8]) -> Edges:
    """Return how much of a picture is to be seen on each ground; ``premultiplied`` has shape ``(height, width, 4)``."""
    every = max(1, max(premultiplied.shape) // _SIDE)
    some = premultiplied[::every, ::every].astype(np.int32)
    ink = some[..., :3] @ _LUMA >> 8
    missing = 255 - some[..., 3]
    return np.array([_edges(ink + missing * ground.level // 255) for ground in GROUNDS])


def ground_for(edges: Sequence[Edges]) -> Ground:
    """Return the first ground that shows about as much of the frames as the best one does; white for none."""
    seen = np.sum(edges, axis=0) if len(edges) else np.ones(len(GROUNDS))
    return GROUNDS[int(np.argmax(seen >= _ENOUGH * seen.max()))]


def _edges(grey: NDArray[np.int32]) -> float:
    across = np.minimum(np.abs(np.diff(grey, axis=1)), _STEP).sum()
    down = np.minimum(np.abs(np.diff(grey, axis=0)), _STEP).sum()
    return float(across + down)
