"""GIF files, block by block: their frames are found without decoding, and decoded one at a time."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from PIL import Image

from moderation.domain.imaging.compositing import Disposal, Patch
from moderation.exceptions import Undecodable

_HEADER = 13
_DESCRIPTOR = struct.Struct("<HHHHB")
_INTERLACED_OR_PALETTE = 0xC7
_DISPOSALS = {2: Disposal.CLEAR, 3: Disposal.RESTORE, 4: Disposal.RESTORE}


@dataclass(frozen=True, slots=True)
class GifFrame:
    """A frame of a GIF and where its data stands in the file."""

    patch: Patch
    control: bytes
    """The four bytes of its graphic control extension; empty where it has none."""
    flags: int
    palette: bytes
    """Its own; empty where it uses the file's."""
    start: int
    end: int


def screen_size(data: bytes) -> tuple[int, int]:
    """Return the size of the logical screen that the header states."""
    return struct.unpack_from("<HH", data, 6)


def canvas_size(data: bytes, first: GifFrame) -> tuple[int, int]:
    """Return the size that browsers show: the screen, or more where the *first* frame reaches outside of it.

    Many files have a wrong screen size. Later frames are cut off at this size.
    """
    width, height = screen_size(data)
    patch = first.patch
    return max(width, patch.x + patch.width), max(height, patch.y + patch.height)


def gif_frames(data: bytes) -> Iterator[GifFrame]:
    """Find the frames, in order, without decoding one. Stops where the file does."""
    position = _HEADER + _palette_bytes(data[10:11])
    control = b""
    while True:
        kind = data[position : position + 1]
        if kind == b",":
            if position + 10 > len(data):
                return
            x, y, width, height, flags = _DESCRIPTOR.unpack_from(data, position + 1)
            start = position + 10 + _palette_bytes(bytes([flags]))
            end = _skip_blocks(data, start + 1)
            disposal = _DISPOSALS.get(control[0] >> 2 & 7, Disposal.KEEP) if control else Disposal.KEEP
            duration = int.from_bytes(control[1:3], "little") * 10
            patch = Patch(x, y, width, height, duration, disposal, over=True)
            yield GifFrame(patch, control, flags, data[position + 10 : start], start, end)
            position, control = end, b""
        elif kind == b"!":
            if data[position + 1 : position + 3] == b"\xf9\x04":
                control = data[position + 3 : position + 7].ljust(4, b"\0")
            position = _skip_blocks(data, position + 2)
        elif kind in (b";", b""):
            return
        else:  # junk between blocks is skipped byte by byte, as Pillow does
            position += 1


def decode_frame(data: bytes, frame: GifFrame) -> Image.Image:
    """Return the content of a frame, of the patch's size: ``RGB``, or ``RGBA`` with alpha 0 or 255.

    Raises whatever Pillow does where the frame does not decode completely: call it within ``opening.refusing``.
    """
    if not frame.patch.area:
        raise Undecodable
    size = struct.pack("<HH", frame.patch.width, frame.patch.height)
    alone = (
        b"GIF89a",
        size,
        data[10:_HEADER],
        data[_HEADER : _HEADER + _palette_bytes(data[10:11])],
        b",\0\0\0\0",
        size,
        bytes([frame.flags & _INTERLACED_OR_PALETTE]),
        frame.palette,
        data[frame.start : frame.end],
        b";",
    )
    image = Image.open(io.BytesIO(b"".join(alone)), formats=("GIF",))
    image.load()
    picture = image.convert("RGB")
    if frame.control and frame.control[0] & 1:
        numbers = Image.frombytes("L", image.size, image.tobytes())
        picture.putalpha(numbers.point([0 if number == frame.control[3] else 255 for number in range(256)]))
    return picture


def _skip_blocks(data: bytes, position: int) -> int:
    """Return the position after a chain of data sub-blocks and its end mark."""
    while size := data[position : position + 1]:
        position += 1 + size[0]
        if not size[0]:
            break
    return min(position, len(data))


def _palette_bytes(flags: bytes) -> int:
    """Return the length of the palette that a flag byte announces."""
    return 3 << (flags[0] & 7) + 1 if flags and flags[0] & 0x80 else 0
