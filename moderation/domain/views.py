"""What a viewer sees of a file: its distinct frames on their grounds, and what fast frames run together to."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from moderation.domain.imaging.canonical import Canonical, View
from moderation.domain.imaging.ground import Edges, Ground, ground_for
from moderation.domain.imaging.opened import Frame

FLICKER = 100
"""Milliseconds: frames that are shown for less run together to one picture before the eye."""
COVERED = 10.0
"""Levels, of 255, by which no patch of a view may differ on average from the view that stands for it in the second
tier. Dithering and noise stay below; a picture that is faded in at more than a twentieth of its strength is a view of
its own."""
_SIDE = 96
_PATCH = 8
"""Pixels of the longest side at which views are compared, and of a patch's side there: a twelfth of the picture."""


class Seen:
    """The published frames at canonical size, in their order."""

    def __init__(self) -> None:
        self._frames: list[tuple[Canonical, tuple[int, int], int]] = []
        self._edges: list[Edges] = []

    def add(self, frame: Frame) -> None:
        """Add the next frame."""
        canonical = Canonical(frame.image, frame=len(self._frames))
        self._frames.append((canonical, frame.image.size, frame.duration))
        if (edges := canonical.edges()) is not None:
            self._edges.append(edges)

    def ground(self) -> Ground:
        """Return the ground on which they are published."""
        return ground_for(self._edges)

    def views(self, ground: Ground) -> Views:
        """Return the views of all frames, and of fast ones together."""
        views = Views()
        run: list[tuple[View, int]] = []
        fast: list[tuple[View, int]] = []
        for number, (canonical, size, duration) in enumerate(self._frames):
            shown = canonical.views(ground)
            published = next((view for view in shown if view.name.endswith(f"on {ground.name}")), shown[0])
            views.add(shown, size, duration, published)
            if len(self._frames) == 1 or duration >= FLICKER:
                run = []
                continue
            run.append((published, duration))
            fast.append((published, duration))
            if len(run) > 1 and sum(time for _, time in run) >= FLICKER:
                views.add_mean(_mean(run), f"frames {number + 2 - len(run)} to {number + 1} together")
                run = []
        if len(fast) > 1:
            views.add_mean(_mean(fast), "all fast frames together")
        return views


@dataclass(slots=True)
class _Known:
    view: View
    shown: int = 0
    """Milliseconds."""
    published: bool = False
    mean: bool = False


class Views:
    """Distinct views, numbered in the order of their first appearance; and the digest of all frames."""

    def __init__(self) -> None:
        self._known: dict[bytes, _Known] = {}
        self._order = hashlib.sha256()

    def add(self, views: Sequence[View], size: tuple[int, int], duration: int, published: View) -> None:
        """Add the views of the next frame, whose picture has this size; one of them is what is published of it."""
        for view in views:
            digest = _digest(view, size)
            self._order.update(digest)
            known = self._known.setdefault(digest, _Known(view))
            known.shown += duration
            known.published |= view is published

    def add_mean(self, view: View, name: str) -> None:
        """Add what several frames look like together. It is looked up, and no part of a ban."""
        named = View(view.colour, view.grey, name)
        self._known.setdefault(_digest(named, view.colour.size), _Known(named, published=True, mean=True))

    def all(self) -> list[View]:
        """Return the distinct views."""
        return [known.view for known in self._known.values()]

    def frames(self) -> list[int]:
        """Return the numbers of the views that are frames, and no means of several."""
        return [number for number, known in enumerate(self._known.values()) if not known.mean]

    def published(self) -> list[int]:
        """Return the numbers of the views that are to be seen where every frame is on one ground."""
        return [number for number, known in enumerate(self._known.values()) if known.published]

    def longest_shown(self, numbers: Sequence[int], most: int) -> list[int]:
        """Return those of ``numbers`` that are on screen longest."""
        shown = [known.shown for known in self._known.values()]
        return sorted(sorted(numbers, key=lambda number: (-shown[number], number))[:most])

    def standing_for_all(self, numbers: Sequence[int]) -> list[int]:
        """Return those of ``numbers`` that stand for the others: each other differs by less than :data:`COVERED`
        everywhere from one of them. It is the others themselves that are compared, not their neighbours, so what
        changes slowly is seen when it has changed."""
        views = self.all()
        chosen: list[int] = []
        grids: list[NDArray[np.int16]] = []
        for number in numbers:
            grid = _grid(views[number])
            if not any(grid.shape == other.shape and _apart(grid, other) < COVERED for other in grids):
                chosen.append(number)
                grids.append(grid)
        return chosen

    def digest(self, *, apart: bytes = b"") -> bytes:
        """Return ``pixels/1``: SHA-256 over the sizes and canonical pictures of all published frames in their order.

        A picture saved anew without loss has the same; one of more than about 512 pixels is told from another only
        by what is left of it at that size. ``apart`` tells what is no still from one: the digest of the bytes, where
        more was in the file than is published.
        """
        order = self._order.copy()
        order.update(apart)
        return order.digest()


def _digest(view: View, size: tuple[int, int]) -> bytes:
    digest = hashlib.sha256(f"{size[0]}x{size[1]}\n".encode())
    digest.update(view.colour.tobytes())
    return digest.digest()


def _mean(run: Sequence[tuple[View, int]]) -> View:
    """Return the mean of views of one size, each weighted with its time."""
    size = run[0][0].colour.size
    alike = [(view, time) for view, time in run if view.colour.size == size]
    total = np.zeros((size[1], size[0], 3), dtype=np.float32)
    for view, time in alike:
        total += np.asarray(view.colour, dtype=np.float32) * time
    colour = Image.fromarray(np.rint(total / max(1, sum(time for _, time in alike))).astype(np.uint8))
    return View(colour, colour.convert("L"), "")


def _grid(view: View) -> NDArray[np.int16]:
    """Return the view at about :data:`_SIDE` pixels, of whole patches: shape ``(height, width, 3)``."""
    factor = max(1, max(view.colour.size) // _SIDE)
    small = np.asarray(view.colour.reduce(factor), dtype=np.int16)
    height, width = (max(1, side // _PATCH) * _PATCH for side in small.shape[:2])
    return np.pad(
        small, [(0, max(0, height - small.shape[0])), (0, max(0, width - small.shape[1])), (0, 0)], "edge"
    )


def _apart(a: NDArray[np.int16], b: NDArray[np.int16]) -> float:
    """Return the mean difference of the patch that differs most, in levels of the channel that differs most."""
    apart = np.abs(a - b).max(axis=2)
    height, width = (side // _PATCH for side in apart.shape)
    patches = apart[: height * _PATCH, : width * _PATCH].reshape(height, _PATCH, width, _PATCH)
    edge = [apart[height * _PATCH :], apart[:, width * _PATCH :]]
    rest = max((float(strip.mean()) for strip in edge if strip.size), default=0.0)
    return max(float(patches.mean(axis=(1, 3)).max()), rest)
