"""Uniform borders, letterboxes and bars with text: where the picture inside begins.

A border is what somebody puts around a picture to hide it from a fingerprint. Whatever is found here only *adds*
a variant, so a wrong guess costs a little time and hides nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Grey = NDArray[np.uint8]

_NEAR = 20
"""Grey levels within which a pixel still has the border's colour: JPEG at quality 40 rings by about 15."""
_STRAY = 0.02
"""Share of other pixels that a line of a border may have: dust, ringing, a stray pixel."""
_TEXT = 0.65
"""Share of other pixels that a line of text on a bar may have."""
_SMALLEST = 0.2
"""A trimmed picture keeps at least this share of each side; what is smaller is a detail, not the picture."""
_SMALLEST_PIXELS = 12
_ROUNDS = 3
"""A frame in a frame in a frame is taken off; more would only eat into pictures."""


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in pixels; right and bottom are outside of it, as in Pillow."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def width(self) -> int:
        """In pixels."""
        return self.right - self.left

    @property
    def height(self) -> int:
        """In pixels."""
        return self.bottom - self.top


def whole(grey: Grey) -> Box:
    """All of a picture of shape ``(height, width)``."""
    return Box(0, 0, grey.shape[1], grey.shape[0])


def trim(grey: Grey, *, bars: bool) -> Box:
    """The picture inside its borders; all of it where there are none.

    With ``bars`` the strips that have text or symbols on a uniform ground count as border too: caption bars, the
    status line of a screenshot. A strip has to end in a uniform line for that.
    """
    box = whole(grey)
    for _ in range(_ROUNDS):
        inner = _trim_once(grey[box.top : box.bottom, box.left : box.right], bars=bars)
        if inner is None:
            break
        box = Box(box.left + inner.left, box.top + inner.top, box.left + inner.right, box.top + inner.bottom)
        if box.width < grey.shape[1] * _SMALLEST or box.height < grey.shape[0] * _SMALLEST:
            return whole(grey)
    return box


def _trim_once(grey: Grey, *, bars: bool) -> Box | None:
    """One round: rows, then columns of what is left. ``None``: nothing to take off."""
    top, bottom = _edges(grey, bars=bars)
    left, right = _edges(grey[top:bottom].T, bars=bars)
    inner = Box(left, top, right, bottom)
    if inner == whole(grey) or inner.width < _SMALLEST_PIXELS or inner.height < _SMALLEST_PIXELS:
        return None
    return inner


def _edges(lines: Grey, *, bars: bool) -> tuple[int, int]:
    """First line, and the line after the last, of the picture inside a top and a bottom border."""
    count = len(lines)
    first = _border(lines, bars=bars)
    if first >= count:  # of one colour throughout: not a border but the picture
        return 0, count
    last = count - _border(lines[::-1], bars=bars)
    return (first, last) if last > first else (0, count)


def _border(lines: Grey, *, bars: bool) -> int:
    """Number of leading lines that belong to a border."""
    ground = int(np.median(lines[0]))
    if _other(lines[:1], ground)[0] > _STRAY:
        return 0
    other = _other(lines, ground)
    clear = other <= _STRAY
    if not bars:
        return int(np.argmin(clear)) if not clear.all() else len(lines)
    busy = other > _TEXT
    end = int(np.argmax(busy)) if busy.any() else len(lines)
    return int(np.flatnonzero(clear[:end])[-1]) + 1


def _other(lines: Grey, ground: int) -> NDArray[np.float64]:
    """Share of each line's pixels that do not have the ground's colour."""
    low, high = max(0, ground - _NEAR), min(255, ground + _NEAR)
    return np.asarray(((lines < low) | (lines > high)).mean(axis=1))
