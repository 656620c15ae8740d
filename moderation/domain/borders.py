"""Uniform borders, letterboxes and bars with text: where the picture inside begins.

A border is what an uploader puts around a picture to hide it from a fingerprint. Whatever is found here only *adds*
a variant, so a wrong guess costs a little time and hides nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Grey = NDArray[np.uint8]

_NEAR = 8
"""Grey levels within which a pixel has the border's colour. With 20, a third of all photographs have a "border": a
wall, a sky. With 8 it is one in forty, and a white border before a white wall is still told from it."""
_STRAY = 0.02
"""Share of other pixels that a line of a border may have: dust, a stray pixel."""
_RINGING = 17
"""Lines of a border next to the picture that compression may have disturbed: a block of 16 in a JPEG."""
_STEP = 12
"""Grey levels above which a step from line to line counts no more: many pixels decide, not strong ones."""
_TEXT = 0.65
"""Share of other pixels that a line of text on a bar may have."""
_SMALLEST = 0.2
"""A trimmed picture keeps at least this share of each side; what is smaller is a detail, not the picture."""
_SMALLEST_PIXELS = 12
_VISIBLE = 0.008
"""Share of a side by which two rectangles have to differ."""
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
    """Return the box of a whole picture of shape ``(height, width)``."""
    return Box(0, 0, grey.shape[1], grey.shape[0])


def crops(grey: Grey) -> dict[Box, str]:
    """Return the rectangles of a picture that are worth a fingerprint, with what they are called; the whole picture
    comes first.

    Inside the outermost border; inside every border, since there may be a second one around it; and inside
    the strips that have text or symbols on a uniform ground: caption bars, the status line of a screenshot. Only
    those that differ visibly.
    """
    every = whole(grey)
    found = {every: ""}
    once = _trim(grey, every, rounds=1, bars=False)
    if once == every:  # a bar begins with a uniform line, too
        return found
    for box, name in (
        (once, "trimmed"),
        (_trim(grey, once, rounds=_ROUNDS, bars=False), "trimmed twice"),
        (_trim(grey, every, rounds=_ROUNDS, bars=True), "without bars"),
    ):
        if not any(alike(box, other, every) for other in found):
            found[box] = name
    return found


def alike(a: Box, b: Box, picture: Box) -> bool:
    """Return whether two rectangles of a picture differ by less than a fingerprint would notice."""
    across, down = picture.width * _VISIBLE, picture.height * _VISIBLE
    return (
        abs(a.left - b.left) <= across
        and abs(a.right - b.right) <= across
        and abs(a.top - b.top) <= down
        and abs(a.bottom - b.bottom) <= down
    )


def _trim(grey: Grey, box: Box, *, rounds: int, bars: bool) -> Box:
    """Return the part of ``box`` inside up to ``rounds`` borders; ``box`` itself where there is none, or too little
    inside."""
    start = box
    for _ in range(rounds):
        inner = _trim_once(grey[box.top : box.bottom, box.left : box.right], bars=bars)
        if inner is None:
            break
        box = Box(box.left + inner.left, box.top + inner.top, box.left + inner.right, box.top + inner.bottom)
    small = box.width < grey.shape[1] * _SMALLEST or box.height < grey.shape[0] * _SMALLEST
    return start if small else box


def _trim_once(grey: Grey, *, bars: bool) -> Box | None:
    """Return what one round leaves of ``box``: rows first, then columns. ``None``: nothing to take off."""
    top, bottom = _edges(grey, bars=bars)
    left, right = _edges(grey[top:bottom].T, bars=bars)
    inner = Box(left, top, right, bottom)
    if inner == whole(grey) or inner.width < _SMALLEST_PIXELS or inner.height < _SMALLEST_PIXELS:
        return None
    return inner


def _edges(lines: Grey, *, bars: bool) -> tuple[int, int]:
    """Return the first line, and the line after the last, of the picture inside a top and a bottom border."""
    count = len(lines)
    first = _border(lines, bars=bars)
    if first >= count:  # of one colour throughout: not a border but the picture
        return 0, count
    last = count - _border(lines[::-1], bars=bars)
    return (first, last) if last > first else (0, count)


def _border(lines: Grey, *, bars: bool) -> int:
    """Return the number of leading lines that belong to a border."""
    ground = int(np.median(lines[0]))
    if _other(lines[:1], ground)[0] > _STRAY:  # nearly all pictures end here
        return 0
    other = _other(lines, ground)
    clear = other <= _STRAY
    if bars:
        busy = other > _TEXT
        end = int(np.argmax(busy)) if busy.any() else len(lines)
        clean = int(np.flatnonzero(clear[:end])[-1]) + 1
    else:
        clean = int(np.argmin(clear)) if not clear.all() else len(lines)
    return clean + _ringing(lines[clean - 1 : clean + _RINGING])


def _ringing(lines: Grey) -> int:
    """Return how many lines after the first the border's edge is: where most pixels step at once."""
    if len(lines) < 2:
        return 0
    steps = np.abs(np.diff(lines.astype(np.int16), axis=0))
    return int(np.minimum(steps, _STEP).mean(axis=1).argmax())


def _other(lines: Grey, ground: int) -> NDArray[np.float64]:
    """Share of each line's pixels that do not have the ground's colour."""
    low, high = max(0, ground - _NEAR), min(255, ground + _NEAR)
    return np.asarray(((lines < low) | (lines > high)).mean(axis=1))
