"""One decode: the frames that will be published, upright, in sRGB, at a working size."""

from __future__ import annotations

from collections.abc import Iterator

from moderation.domain.analysis import Publishing
from moderation.domain.imaging.opened import Frame, Opened

CANONICAL_SIDE = 512
"""Longest side, in pixels, that a canonical picture has about: whole blocks of pixels are averaged, so a larger
picture ends between 3/4 and 3/2 of it."""

MAX_ANIMATION_PIXELS = 64_000_000
"""Decoded pixels of all frames together. Above it an animation is published as a still, so that no file keeps
the decoder busy beyond its deadline."""


def frames_to_publish(opened: Opened, publishing: Publishing) -> tuple[int, tuple[str, ...]]:
    """Return how many frames, from the first, are published and so fingerprinted; and what that leaves out.

    It is all of them or one: an animation is never sampled.
    """
    if opened.frames <= 1:
        return 1, ()
    if not publishing.animated:
        return 1, ("animation_off",)
    if opened.frames > publishing.frame_cap:
        return 1, ("frame_cap",)
    if sum(map(opened.cost, range(opened.frames))) > MAX_ANIMATION_PIXELS:
        return 1, ("animation_pixels",)
    return opened.frames, ()


def frames_to_enrol(opened: Opened) -> int:
    """Return how many frames, from the first, a ban looks at: all that may be decoded."""
    spent = 0
    for number in range(opened.frames):
        spent += opened.cost(number)
        if spent > MAX_ANIMATION_PIXELS:
            return max(1, number)
    return opened.frames


def decode(opened: Opened, *, frames: int, side: int, full: bool = False) -> Iterator[Frame]:
    """Yield the first ``frames`` frames of an opened file. To be consumed within ``opening.refusing``.

    ``side`` is the longest side in pixels that anybody needs; a JPEG is decoded at a scale near it,
    unless ``full`` asks for all of its pixels.
    """
    if not full:
        opened.scale_down(max(side, CANONICAL_SIDE))
    for number in range(frames):
        frame = opened.frame(number)
        yield frame if frames > 1 else Frame(frame.image, 0, frame.stored)


def check_the_rest(opened: Opened, *, published: int) -> tuple[str, ...]:
    """Decode what comes after the published frames, and drop it: what cannot be read completely is refused.

    To be consumed within ``opening.refusing``. Returns a note when there is more than may be decoded.
    """
    spent = sum(map(opened.cost, range(published)))
    for number in range(published, opened.frames):
        spent += opened.cost(number)
        if spent > MAX_ANIMATION_PIXELS:
            return ("unchecked_frames",)
        opened.check(number)
    return ()
