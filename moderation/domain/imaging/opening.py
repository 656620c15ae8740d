"""The door: a file is opened, identified and measured against the limits, and no pixel is decoded."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from PIL import Image, UnidentifiedImageError

from moderation.domain.analysis import Limits, Probe
from moderation.domain.imaging.sniffing import count_gif_frames, sniff, webp_canvas
from moderation.exceptions import (
    EmptyFile,
    FileTooLarge,
    FormatNotAllowed,
    ImageRefused,
    NotAnImage,
    TooManyFrames,
    TooManyPixels,
    Undecodable,
)

ANIMATED_FORMATS = frozenset({"GIF", "PNG", "WEBP", "AVIF"})
"""Formats whose further frames are shown by a browser. Pages and embedded previews of others are not."""

_SAME_FORMAT = {"MPO": "JPEG", "DIB": "BMP"}
"""Pillow's name → ours. A camera's MPO is a JPEG with further pictures behind it; only the first is ever used."""


@contextmanager
def refusing() -> Iterator[None]:
    """Turn whatever a decoder raises or warns about into a refusal.

    Pillow lets far more escape than :class:`OSError`: ValueError, SyntaxError, TypeError, IndexError, KeyError,
    NotImplementedError, struct.error. :class:`MemoryError` passes: it is the sandbox's to judge.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            yield
        except (ImageRefused, MemoryError):
            raise
        except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
            raise TooManyPixels from error
        except Exception as error:
            raise Undecodable from error


def probe(data: bytes, limits: Limits) -> Probe:
    """Return what the header says of the picture in ``data``.

    Raises a child of :class:`~moderation.exceptions.ImageRefused` for what is no picture, of another format, or
    over a limit. A file that passes may still turn out to be damaged when it is decoded.
    """
    with refusing():
        return measure(open_picture(data, limits), data, limits)


def open_picture(data: bytes, limits: Limits) -> Image.Image:
    """Open without decoding. To be called within :func:`refusing`."""
    if not data:
        raise EmptyFile
    if len(data) > limits.max_bytes:
        raise FileTooLarge
    if (canvas := webp_canvas(data)) is not None:
        _check_pixels(canvas, limits)
    try:
        image = Image.open(io.BytesIO(data), formats=limits.formats)
    except UnidentifiedImageError as error:
        raise _unidentified(data, limits) from error
    _check_pixels(image.size, limits)
    return image


def measure(image: Image.Image, data: bytes, limits: Limits) -> Probe:
    """Return the :class:`Probe` of an opened picture; refuses too many frames."""
    name = _SAME_FORMAT.get(image.format or "", image.format or "")
    frames = 1
    if name in ANIMATED_FORMATS:
        if name == "GIF" and count_gif_frames(data, stop=limits.max_frames + 1) > limits.max_frames:
            raise TooManyFrames
        frames = int(getattr(image, "n_frames", 1))
    if frames > limits.max_frames:
        raise TooManyFrames
    return Probe(format=name, width=image.width, height=image.height, frames=frames)


def _check_pixels(size: tuple[int, int], limits: Limits) -> None:
    if size[0] * size[1] > limits.max_pixels:
        raise TooManyPixels


def _unidentified(data: bytes, limits: Limits) -> ImageRefused:
    """Return why no allowed reader took the file: damaged, of another format, or no picture at all."""
    name = sniff(data)
    if name is None:
        return NotAnImage()
    return Undecodable() if name in limits.formats else FormatNotAllowed()
