"""GIF and PNG files put together block by block, for what no encoder writes."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from tests.domain.drawn import file_of

SIGNATURE = b"\x89PNG\r\n\x1a\n"


def chunk(kind: bytes, body: bytes, *, broken: bool = False) -> bytes:
    """Return a chunk of a PNG; ``broken`` gives it a wrong checksum."""
    checksum = zlib.crc32(kind + body) ^ (0x5A5A if broken else 0)
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", checksum)


def with_chunks(png: bytes, *chunks: bytes) -> bytes:
    """Return a PNG with further chunks behind its header."""
    return png[:33] + b"".join(chunks) + png[33:]


@dataclass(frozen=True)
class Drawn:
    """A frame for :func:`gif`: a picture with at most 255 colours, and where it lies."""

    picture: Image.Image
    x: int = 0
    y: int = 0
    centiseconds: int = 10
    disposal: int = 1
    transparent: int | None = None


def gif(screen: tuple[int, int], frames: Sequence[Drawn]) -> bytes:
    """Write a GIF of exactly this screen and these frames, each with a palette of its own."""
    parts = [b"GIF89a", struct.pack("<HH", *screen), b"\0\0\0"]
    for frame in frames:
        palette, data = _compressed(frame.picture)
        flags = frame.disposal << 2 | (frame.transparent is not None)
        parts.append(
            b"!\xf9\x04" + struct.pack("<BHBB", flags, frame.centiseconds, frame.transparent or 0, 0)
        )
        bits = (len(palette) // 3).bit_length() - 2
        place = struct.pack("<HHHHB", frame.x, frame.y, *frame.picture.size, 0x80 | bits)
        parts += [b",", place, palette, data]
    return b"".join((*parts, b";"))


def _compressed(picture: Image.Image) -> tuple[bytes, bytes]:
    """Return the palette of a picture as a GIF has it, and its compressed data."""
    paletted = picture if picture.mode == "P" else picture.quantize(255)
    data = file_of(paletted, "GIF", optimize=False, interlace=0)
    length = 3 << (data[10] & 7) + 1
    position = 13 + length
    while data[position : position + 1] == b"!":
        position += 2
        while data[position]:
            position += 1 + data[position]
        position += 1
    assert not data[position + 9] & 0x80
    return data[13 : 13 + length], data[position + 10 : -1]


@dataclass(frozen=True)
class Part:
    """A frame for :func:`apng`: ``RGBA`` pixels and where they lie."""

    pixels: np.ndarray
    x: int = 0
    y: int = 0
    milliseconds: int = 100
    disposal: int = 0
    blend: int = 0


def apng(size: tuple[int, int], parts: Sequence[Part], *, hidden: np.ndarray | None = None) -> bytes:
    """Write an animated PNG; ``hidden`` is a default image that is no frame."""
    made = [SIGNATURE, chunk(b"IHDR", struct.pack(">IIBBBBB", *size, 8, 6, 0, 0, 0))]
    made.append(chunk(b"acTL", struct.pack(">II", len(parts), 0)))
    if hidden is not None:
        made.append(chunk(b"IDAT", _packed(hidden)))
    number = 0
    for place, part in enumerate(parts):
        height, width = part.pixels.shape[:2]
        control = struct.pack(
            ">IIIIIHHBB",
            number,
            width,
            height,
            part.x,
            part.y,
            part.milliseconds,
            1000,
            part.disposal,
            part.blend,
        )
        made.append(chunk(b"fcTL", control))
        number += 1
        if place == 0 and hidden is None:
            made.append(chunk(b"IDAT", _packed(part.pixels)))
        else:
            made.append(chunk(b"fdAT", struct.pack(">I", number) + _packed(part.pixels)))
            number += 1
    return b"".join((*made, chunk(b"IEND", b"")))


def _packed(pixels: np.ndarray) -> bytes:
    rows = np.ascontiguousarray(pixels, dtype=np.uint8)
    return zlib.compress(b"".join(b"\0" + row.tobytes() for row in rows), 1)
