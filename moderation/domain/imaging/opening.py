"""The door: a file is opened, identified and measured against the limits, and no pixel is decoded."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice

from PIL import Image, UnidentifiedImageError
from PIL.JpegImagePlugin import JpegImageFile

from moderation.domain.analysis import Limits, Probe
from moderation.domain.imaging.gif import canvas_size, gif_frames
from moderation.domain.imaging.jpeg import MAX_SCANNED_PIXELS, count_scans
from moderation.domain.imaging.opened import ApngFile, GifFile, Opened, PillowFile
from moderation.domain.imaging.png_chunks import read_png
from moderation.domain.imaging.sniffing import sniff, webp_canvas
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

_SAME_FORMAT = {"DIB": "BMP"}
"""Pillow's name → ours."""


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
        return measure(open_picture(data, limits))


def open_picture(data: bytes, limits: Limits) -> Opened:
    """Open without decoding. To be called within :func:`refusing`.

    Raises what :func:`probe` does; what a decoder would have to go through counts against the limits, not what the
    header says.
    """
    if not data:
        raise EmptyFile
    if len(data) > limits.max_bytes:
        raise FileTooLarge
    opened = _open(data, sniff(data), limits)
    _check_pixels(opened.size, limits)
    if opened.frames > limits.max_frames:
        raise TooManyFrames
    return opened


def measure(opened: Opened) -> Probe:
    """Return the :class:`Probe` of an opened picture."""
    name = _SAME_FORMAT.get(opened.format, opened.format)
    return Probe(format=name, width=opened.size[0], height=opened.size[1], frames=opened.frames)


def _open(data: bytes, kind: str | None, limits: Limits) -> Opened:
    """Open by the reader that composes the format as browsers do, else by Pillow's."""
    if kind in limits.formats:
        if kind == "GIF":
            return _open_gif(data, limits)
        if kind == "PNG":
            return _open_png(data, limits)
        if kind == "JPEG":
            return _open_jpeg(data, limits)
        if kind == "WEBP" and (canvas := webp_canvas(data)) is not None:
            _check_pixels(canvas, limits)
    try:
        return PillowFile(Image.open(io.BytesIO(data), formats=limits.formats))
    except UnidentifiedImageError as error:
        raise _unidentified(data, limits) from error


def _open_gif(data: bytes, limits: Limits) -> GifFile:
    """Open a GIF; the canvas and every frame that has to be decoded keep the limit."""
    frames = list(islice(gif_frames(data), limits.max_frames + 1))
    if len(frames) > limits.max_frames:
        raise TooManyFrames
    if not frames:
        raise Undecodable
    canvas = canvas_size(data, frames[0])
    for frame in frames:
        if frame.patch.x < canvas[0] and frame.patch.y < canvas[1]:
            _check_pixels((frame.patch.width, frame.patch.height), limits)
    return GifFile(data, frames, canvas)


def _open_png(data: bytes, limits: Limits) -> Opened:
    png = read_png(data)
    _check_pixels(png.size, limits)
    if png.animated:
        return ApngFile(png)
    return PillowFile(png.still())


def _open_jpeg(data: bytes, limits: Limits) -> PillowFile:
    """Open the first picture of the file alone: what a camera writes behind it is not shown and need not decode."""
    image = JpegImageFile(io.BytesIO(data))
    _check_pixels(image.size, limits)
    if count_scans(data) * image.width * image.height > MAX_SCANNED_PIXELS:
        raise TooManyPixels
    return PillowFile(image)


def _check_pixels(size: tuple[int, int], limits: Limits) -> None:
    if size[0] * size[1] > limits.max_pixels:
        raise TooManyPixels


def _unidentified(data: bytes, limits: Limits) -> ImageRefused:
    """Return why no allowed reader took the file: damaged, of another format, or no picture at all."""
    name = sniff(data)
    if name is None:
        return NotAnImage()
    return Undecodable() if name in limits.formats else FormatNotAllowed()
