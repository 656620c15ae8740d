"""PNG files, chunk by chunk: what changes the picture is kept and checked, everything else is dropped unread.

A text of more than a megabyte, a damaged time stamp or a thousand comments are no reason to refuse a picture that
every browser shows; Pillow would.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

from moderation.domain.imaging.compositing import Disposal, Patch
from moderation.domain.imaging.png import COLOUR_KEYS, SIGNATURE, ApngFrame, PngFile
from moderation.domain.imaging.profiles import GAMMAS, PRIMARIES
from moderation.exceptions import Undecodable

MOST_PROFILE = 8 << 20
"""Bytes of an unpacked colour profile; a larger one is ignored."""
_MOST_FRAMES = 0x7FFF_FFFF
_FRAME_CONTROL = struct.Struct(">IIIIIHHBB")
_DISPOSALS = {1: Disposal.CLEAR, 2: Disposal.RESTORE}


def read_png(data: bytes) -> PngFile:
    """Read the chunks of a PNG file without decoding a pixel. Within ``opening.refusing``.

    Raises :class:`Undecodable` where a chunk that makes the picture is damaged, out of order or cut off.
    """
    png = PngFile()
    for kind, body, whole in _chunks(data):
        if kind == b"IEND":
            break
        _read_chunk(png, kind, body, whole)
    if not png.data:
        raise Undecodable
    if png.animated:
        _check_animation(png)
    return png


def _read_chunk(png: PngFile, kind: bytes, body: bytes, whole: bool) -> None:
    if not kind.isalpha() or bool(png.header) is (kind == b"IHDR"):
        raise Undecodable
    if kind in _READERS:
        if not whole:
            raise Undecodable
        _READERS[kind](png, body)
    elif kind in _OPTIONAL:
        if whole and not png.data:
            _OPTIONAL[kind](png, body)
    elif kind[:1].isupper():  # critical and unknown: no browser shows it
        raise Undecodable


def _check_animation(png: PngFile) -> None:
    """Drop frames beyond those announced; raise :class:`Undecodable` where some of these are missing."""
    del png.frames[png.announced :]
    complete = len(png.frames) == png.announced and all(frame.data for frame in png.frames)
    if png.disordered or not complete:
        raise Undecodable


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes, bool]]:
    """Yield type, content and whether the checksum holds, as far as the file goes."""
    position = len(SIGNATURE)
    while position + 8 <= len(data):
        length = int.from_bytes(data[position : position + 4], "big")
        kind, end = data[position + 4 : position + 8], position + 8 + length
        body, checksum = data[position + 8 : end], data[end : end + 4]
        yield kind, body, zlib.crc32(body, zlib.crc32(kind)).to_bytes(4, "big") == checksum
        position = end + 4


def _read_header(png: PngFile, body: bytes) -> None:
    if len(body) != 13:
        raise Undecodable
    png.header = body


def _read_palette(png: PngFile, body: bytes) -> None:
    if not png.data:
        png.palette = body


def _read_transparency(png: PngFile, body: bytes) -> None:
    """Keep the chunk where it may stand and has a length that may be; browsers ignore it elsewhere."""
    colour = png.header[9]
    if png.data or png.transparency is not None:
        return
    if colour == 3:
        fits = png.palette is not None and 0 < len(body) <= len(png.palette) // 3
    else:
        fits = COLOUR_KEYS.get(colour) == len(body)
    if fits:
        png.transparency = body


def _read_animation(png: PngFile, body: bytes) -> None:
    frames = int.from_bytes(body[:4], "big")
    if not png.data and len(body) == 8 and frames <= _MOST_FRAMES:  # browsers show a still otherwise
        png.announced = frames


def _read_frame_control(png: PngFile, body: bytes) -> None:
    if len(body) != _FRAME_CONTROL.size:
        png.disordered = True
        return
    number, width, height, x, y, delay, parts, disposal, blend = _FRAME_CONTROL.unpack(body)
    _follow(png, number)
    right, below = png.size
    if not (width and height and x + width <= right and y + height <= below):
        png.disordered = True
    duration = round(1000 * delay / (parts or 100))
    patch = Patch(x, y, width, height, duration, _DISPOSALS.get(disposal, Disposal.KEEP), over=blend == 1)
    png.frames.append(ApngFrame(patch))


def _read_data(png: PngFile, body: bytes) -> None:
    png.data.append(body)
    if png.frames:
        png.disordered |= len(png.frames) > 1
        png.frames[0].data.append(body)


def _read_frame_data(png: PngFile, body: bytes) -> None:
    if not png.frames or len(body) < 4:
        png.disordered = True
        return
    _follow(png, int.from_bytes(body[:4], "big"))
    png.frames[-1].data.append(body[4:])


def _follow(png: PngFile, number: int) -> None:
    png.disordered |= number != png.sequence
    png.sequence += 1


_READERS = {
    b"IHDR": _read_header,
    b"PLTE": _read_palette,
    b"tRNS": _read_transparency,
    b"acTL": _read_animation,
    b"fcTL": _read_frame_control,
    b"IDAT": _read_data,
    b"fdAT": _read_frame_data,
}


def _read_exif(png: PngFile, body: bytes) -> None:
    png.exif = body


def _read_profile(png: PngFile, body: bytes) -> None:
    unpacking = zlib.decompressobj()
    try:
        profile = unpacking.decompress(body[body.find(b"\0") + 2 :], MOST_PROFILE)
    except zlib.error:
        return
    if unpacking.eof:
        png.profile = profile


def _read_code(png: PngFile, body: bytes) -> None:
    if len(body) == 4 and body[0] in PRIMARIES and body[1] in GAMMAS:
        png.code = GAMMAS[body[1]], PRIMARIES[body[0]]


def _read_gamma(png: PngFile, body: bytes) -> None:
    if len(body) == 4 and png.gamma is None:
        png.gamma = int.from_bytes(body, "big") / 100_000


def _read_standard(png: PngFile, _body: bytes) -> None:
    png.standard = True


def _read_chromaticities(png: PngFile, body: bytes) -> None:
    if len(body) == 32:
        values = [value / 100_000 for value in struct.unpack(">8I", body)]
        png.chromaticities = (
            values[0],
            values[1],
            values[2],
            values[3],
            values[4],
            values[5],
            values[6],
            values[7],
        )


_OPTIONAL = {
    b"eXIf": _read_exif,
    b"iCCP": _read_profile,
    b"cICP": _read_code,
    b"sRGB": _read_standard,
    b"gAMA": _read_gamma,
    b"cHRM": _read_chromaticities,
}
"""Chunks that are used where they are whole, and ignored where not."""
