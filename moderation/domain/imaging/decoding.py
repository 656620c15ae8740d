"""One decode: the frames that will be published, upright, in sRGB, at a working size."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from PIL import Image

from moderation.domain.analysis import Probe, Publishing
from moderation.domain.imaging.colour import to_srgb
from moderation.domain.imaging.opening import ANIMATED_FORMATS

CANONICAL_SIDE = 512
"""Longest side, in pixels, that a canonical picture has about: whole blocks of pixels are averaged, so a larger
picture ends between 3/4 and 3/2 of it."""

MAX_ANIMATION_PIXELS = 64_000_000
"""Decoded pixels of all frames together. Above it an animation is published as a still, so that no file keeps
the decoder busy beyond its deadline."""

_DRAFT_SHORTFALL = 0.8
"""A JPEG may be decoded to this share of the wanted longest side: a 12 MP photograph then decodes at a quarter of
its size (1,000 px) rather than at half, in three quarters of the time."""
_DRAFT_SHORTEST = 256

_EXIF_ORIENTATION = 0x0112
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


@dataclass(frozen=True, slots=True)
class Frame:
    """One decoded frame: ``RGB`` or ``RGBA``, upright, in sRGB."""

    image: Image.Image
    duration: int
    """Milliseconds; 0 for a still."""


def frames_to_publish(probe: Probe, publishing: Publishing) -> tuple[int, tuple[str, ...]]:
    """Return how many frames, from the first, are published and so fingerprinted; and what that leaves out.

    It is all of them or one: an animation is never sampled.
    """
    if probe.frames <= 1:
        return 1, ()
    if not publishing.animated:
        return 1, ("animation_off",)
    if probe.frames > publishing.frame_cap:
        return 1, ("frame_cap",)
    if probe.frames * probe.width * probe.height > MAX_ANIMATION_PIXELS:
        return 1, ("animation_pixels",)
    return probe.frames, ()


def decode(image: Image.Image, *, frames: int, side: int) -> Iterator[Frame]:
    """Yield the first ``frames`` frames of an opened picture. To be consumed within ``opening.refusing``.

    ``side`` is the longest side in pixels that is needed; a JPEG is decoded at a scale near it.
    """
    orientation = _orientation(image)
    _draft(image, max(side, CANONICAL_SIDE))
    for number in range(frames):
        if image.format in ANIMATED_FORMATS and (number or frames > 1):
            image.seek(number)
        image.load()
        picture = to_srgb(image)
        if orientation in _UPRIGHT:
            picture = picture.transpose(_UPRIGHT[orientation])
        if picture is image and getattr(image, "is_animated", False):
            picture = image.copy()  # the next seek() draws over it
        yield Frame(picture, _duration(image) if frames > 1 else 0)


def check_the_rest(image: Image.Image, *, published: int) -> tuple[str, ...]:
    """Decode what comes after the published frames, and drop it: what cannot be read completely is refused.

    To be consumed within ``opening.refusing``. Returns a note when there is more than may be decoded.
    """
    frames = int(getattr(image, "n_frames", 1)) if image.format in (*ANIMATED_FORMATS, "MPO") else 1
    affordable = MAX_ANIMATION_PIXELS // (image.width * image.height)
    for number in range(published, min(frames, affordable)):
        image.seek(number)
        image.load()
    return ("unchecked_frames",) if frames > max(affordable, published) else ()


def _draft(image: Image.Image, side: int) -> None:
    """Let a JPEG decoder skip what is scaled away: libjpeg decodes at 1/2, 1/4 or 1/8."""
    width, height = image.size
    for scale in (8, 4, 2):
        if (
            max(width, height) >= side * _DRAFT_SHORTFALL * scale
            and min(width, height) >= _DRAFT_SHORTEST * scale
        ):
            image.draft("RGB", (width // scale, height // scale))
            return


def _orientation(image: Image.Image) -> int:
    """Return the EXIF orientation, 1 where there is none or where it cannot be read."""
    if "exif" not in image.info and "Raw profile type exif" not in image.info and image.format != "TIFF":
        return 1
    try:
        return int(image.getexif().get(_EXIF_ORIENTATION, 1))
    except Exception:  # noqa: BLE001  a broken EXIF block is no reason to refuse the picture
        return 1


def _duration(image: Image.Image) -> int:
    try:
        return max(0, int(image.info.get("duration", 0)))
    except (TypeError, ValueError, OverflowError):
        return 0
