"""A picture in every mode that a format can hold, with and without a colour profile."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

from tests.domain.built import SIGNATURE, chunk
from tests.domain.drawn import file_of
from tests.domain.test_decoding import display_p3

Grid = NDArray[np.uint8] | NDArray[np.uint16]

TYPES = {
    "PNG": "image/png",
    "JPEG": "image/jpeg",
    "WEBP": "image/webp",
    "AVIF": "image/avif",
    "GIF": "image/gif",
}


def grey_profile(gamma: float = 1.8) -> bytes:
    """Write a minimal ICC profile for grey pictures, such as image editors write."""
    curve = b"curv" + bytes(4) + struct.pack(">IH", 1, round(gamma * 256)) + bytes(2)
    white = b"XYZ " + bytes(4) + struct.pack(">3i", 63190, 65536, 54061)
    name = b"desc" + bytes(4) + struct.pack(">I", 2) + b"G\0" + bytes(78)
    tags = {b"desc": name + bytes(-len(name) % 4), b"wtpt": white, b"kTRC": curve}
    table, body, start = b"", b"", 128 + 4 + 12 * len(tags)
    for tag, value in tags.items():
        table += tag + struct.pack(">2I", start + len(body), len(value))
        body += value
    head = struct.pack(">I", start + len(body)) + bytes(4) + b"\x02\x10\0\0mntrGRAYXYZ " + bytes(12) + b"acsp"
    head += bytes(28) + struct.pack(">3i", 63190, 65536, 54061)
    return head.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + body


def profiles() -> dict[str, bytes | None]:
    """Return the profiles that are tried, by name."""
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return {"no": None, "sRGB": srgb, "wide": display_p3(), "grey": grey_profile()}


def files(picture: Image.Image, profile: bytes | None) -> Iterator[tuple[str, bytes]]:
    """Yield every mode of the five formats, by name (``PNG LA 16``), with an ``RGBA`` picture in it.

    An AVIF file with alpha in between 0 and 255 is left out: Chromium 156 shows it as if alpha ended at 16 and 235.
    """
    packed = [] if profile is None else [chunk(b"iCCP", b"p\0\0" + zlib.compress(profile))]
    yield from _png_files(picture, packed)
    options = {} if profile is None else {"icc_profile": profile}
    opaque = picture.convert("RGB")
    for mode in ("L", "RGB", "CMYK"):
        yield f"JPEG {mode}", file_of(opaque.convert(mode), "JPEG", quality=98, subsampling=0, **options)
    yield "JPEG progressive", file_of(opaque, "JPEG", quality=95, progressive=True, **options)
    yield "JPEG kept RGB", file_of(opaque, "JPEG", quality=98, keep_rgb=True, **options)
    for lossless in (True, False):
        for one in (opaque, picture):
            name = f"WEBP {one.mode} {'lossless' if lossless else 'lossy'}"
            yield name, file_of(one, "WEBP", lossless=lossless, quality=95, **options)
    for subsampling in ("4:4:4", "4:2:0"):
        yield f"AVIF {subsampling}", file_of(opaque, "AVIF", quality=95, subsampling=subsampling, **options)
    yield "AVIF 4:0:0", file_of(opaque.convert("L"), "AVIF", quality=95, subsampling="4:0:0", **options)
    yield "GIF L", file_of(opaque.convert("L"), "GIF")
    yield "GIF P", file_of(opaque.quantize(200), "GIF")
    yield "GIF P transparent", file_of(opaque.quantize(200), "GIF", transparency=2)


def _png_files(picture: Image.Image, packed: list[bytes]) -> Iterator[tuple[str, bytes]]:
    colour, alpha = np.asarray(picture)[..., :3], np.asarray(picture)[..., 3]
    grey = np.asarray(picture.convert("RGB").convert("L"))
    deep_grey, deep = (values.astype(np.uint16) * 257 - values // 3 for values in (grey, colour))
    for depth in (1, 2, 4, 8):
        values = _dithered(grey, depth)
        key = struct.pack(">H", int(values[5, 5]))
        yield f"PNG L {depth}", _png(values, depth, 0, packed)
        yield f"PNG L {depth} with a key", _png(values, depth, 0, packed, key=key)
    yield "PNG L 16", _png(deep_grey, 16, 0, packed)
    yield "PNG L 16 with a key", _png(deep_grey, 16, 0, packed, key=struct.pack(">H", int(deep_grey[5, 5])))
    yield "PNG LA 8", _png(np.dstack([grey, alpha]), 8, 4, packed)
    yield "PNG LA 8 opaque", _png(np.dstack([grey, np.full_like(alpha, 255)]), 8, 4, packed)
    yield "PNG LA 16", _png(np.dstack([grey, alpha]).astype(np.uint16) * 257, 16, 4, packed)
    yield "PNG RGB 8", _png(colour, 8, 2, packed)
    yield "PNG RGB 8 with a key", _png(colour, 8, 2, packed, key=struct.pack(">3H", *colour[5, 5].tolist()))
    yield "PNG RGB 16", _png(deep, 16, 2, packed)
    yield "PNG RGB 16 with a key", _png(deep, 16, 2, packed, key=struct.pack(">3H", *deep[5, 5].tolist()))
    yield "PNG RGBA 8", _png(np.asarray(picture), 8, 6, packed)
    yield "PNG RGBA 16", _png(np.asarray(picture).astype(np.uint16) * 257, 16, 6, packed)
    for depth in (1, 2, 4, 8):
        numbers, palette = _dithered(grey, depth), _ramp(depth)
        if depth == 8:
            few = picture.convert("RGB").quantize(200)
            numbers, palette = np.asarray(few), bytes(few.getpalette() or [])
        yield f"PNG P {depth}", _png(numbers, depth, 3, packed, palette=palette)
        yield f"PNG P {depth} with alpha", _png(numbers, depth, 3, packed, palette=palette, key=b"\x80\xc8")


def _ramp(depth: int) -> bytes:
    """Return a palette from black to a light orange."""
    levels = np.linspace(0, 1, 1 << depth)[:, None] * np.array([255, 220, 180])
    return bytes(levels.astype(np.uint8).tobytes())


def _dithered(grey: NDArray[np.uint8], depth: int) -> NDArray[np.uint8]:
    """Return ``grey`` in so many bits, with noise instead of steps."""
    noise = np.random.default_rng(7).random(grey.shape)
    return np.floor(grey / 255 * ((1 << depth) - 1) + noise * (depth < 8)).astype(np.uint8)


def _png(
    values: Grid, depth: int, colour: int, packed: list[bytes], *, palette: bytes = b"", key: bytes = b""
) -> bytes:
    height, width = values.shape[:2]
    if depth < 8:
        bits = (values[..., None] >> np.arange(depth - 1, -1, -1)) & 1
        rows: Grid = np.packbits(bits.reshape(height, -1).astype(np.uint8), axis=1)
    else:
        rows = values.astype(">u2" if depth == 16 else np.uint8).reshape(height, -1)
    data = zlib.compress(b"".join(b"\0" + np.ascontiguousarray(row).tobytes() for row in rows))
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    parts = [SIGNATURE, chunk(b"IHDR", header), *packed]
    parts += [chunk(b"PLTE", palette)] if palette else []
    parts += [chunk(b"tRNS", key)] if key else []
    return b"".join([*parts, chunk(b"IDAT", data), chunk(b"IEND", b"")])
