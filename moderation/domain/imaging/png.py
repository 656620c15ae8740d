"""What makes the picture of a PNG file, and its frames opened one by one."""

from __future__ import annotations

import io
import struct
import zlib
from dataclasses import dataclass, field

from PIL import Image

from moderation.domain.imaging.compositing import Patch
from moderation.domain.imaging.profiles import SRGB, Chromaticities, profile_of

SIGNATURE = b"\x89PNG\r\n\x1a\n"
COLOUR_KEYS = {0: 2, 2: 6}
"""Types of PNG, grey and colour, that name one transparent colour, and how many bytes it has."""
_GREY = (0, 4)
"""Types of PNG without colour; Pillow does not tell of the one with 16 bits and alpha."""


@dataclass(slots=True)
class ApngFrame:
    """A frame of an animated PNG and its compressed data."""

    patch: Patch
    data: list[bytes] = field(default_factory=list)


@dataclass(slots=True)
class PngFile:
    """The chunks that make the picture."""

    header: bytes = b""
    palette: bytes | None = None
    transparency: bytes | None = None
    profile: bytes | None = None
    code: tuple[float | None, Chromaticities] | None = None
    standard: bool = False
    """Whether it says that it is sRGB."""
    gamma: float | None = None
    chromaticities: Chromaticities = SRGB
    exif: bytes | None = None
    data: list[bytes] = field(default_factory=list)
    announced: int = 0
    """Frames that the file says it has; 0 for a still."""
    frames: list[ApngFrame] = field(default_factory=list)
    sequence: int = 0
    disordered: bool = False
    """Whether its frames contradict one another: no fault of a still."""

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        return struct.unpack_from(">II", self.header)

    @property
    def animated(self) -> bool:
        """Whether it is shown as an animation."""
        return self.announced > 0

    def still(self) -> Image.Image:
        """Open the picture of a still, or the default image that no browser shows of an animation."""
        return self._open(self.header, self.data)

    def frame(self, frame: ApngFrame) -> Image.Image:
        """Open the content of a frame, of the patch's size."""
        size = struct.pack(">II", frame.patch.width, frame.patch.height)
        return self._open(size + self.header[8:], frame.data)

    def _transparent_colour(self) -> int | tuple[int, ...]:
        """Return the transparent colour in 8 bits, as Pillow has the pixels; it gives that of the file."""
        depth, body = self.header[8], self.transparency or b""
        values = [int.from_bytes(body[place : place + 2], "big") for place in range(0, len(body), 2)]
        in_eight = [value >> 8 if depth == 16 else value * 255 // ((1 << depth) - 1) for value in values]
        return in_eight[0] if len(in_eight) == 1 else tuple(in_eight)

    def _profile(self) -> bytes | None:
        """Return the profile that counts: by number, of its own, sRGB, by gamma, in this order, as browsers have it."""
        try:
            if self.code is not None:
                return profile_of(*self.code)
            if self.profile is not None:
                return self.profile
            if self.standard or self.gamma is None:
                return None
            return profile_of(self.gamma, self.chromaticities)
        except ValueError:
            return None

    def _open(self, header: bytes, data: list[bytes]) -> Image.Image:
        parts = [SIGNATURE, _chunk(b"IHDR", header)]
        if self.palette is not None:
            parts.append(_chunk(b"PLTE", self.palette))
        if self.transparency is not None:
            parts.append(_chunk(b"tRNS", self.transparency))
        parts += [_chunk(b"IDAT", body) for body in data]
        parts.append(_chunk(b"IEND", b""))
        image = Image.open(io.BytesIO(b"".join(parts)), formats=("PNG",))
        if self.transparency is not None and self.header[9] in COLOUR_KEYS:
            image.info["transparency"] = self._transparent_colour()
        if (profile := self._profile()) is not None:
            image.info["icc_profile"] = profile
        image.info["grey"] = self.header[9] in _GREY
        if self.exif is not None:
            image.info["exif"] = self.exif
        return image


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(body, zlib.crc32(kind)))
