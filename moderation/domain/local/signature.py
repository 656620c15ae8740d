"""What is kept of a picture (:class:`LocalSignature`) and what is looked up (:class:`LocalFeatures`)."""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .descriptors import MIRRORED, NEGATED

Codes = NDArray[np.uint8]
"""Shape ``(n, 16)``: 128-bit signatures of keypoints."""

_HEADER = struct.Struct(">4sBBHHHH")
_MAGIC = b"LSIG"
_FORMAT = 1
TILE_BYTES = 512
KEYPOINT_BYTES = 16 + 5 + 3
MOST_KEYPOINTS = 1_000
MOST_ROWS = 1_000
"""Readings of an upload's keypoints, whatever the child that read them says."""
SCALE_STEPS = 8
"""Steps of the stored scale per octave."""


class BadSignature(ValueError):
    """These bytes are not a local signature of a version that this installation reads."""


@dataclass(frozen=True, slots=True, eq=False)
class LocalSignature:
    """The keypoints of one picture, strongest first, and the signs of its tiles: no pixels.

    ``geometry`` has shape ``(n, 5)``: x, y (of 255 along the longest side), log₂ of the diameter in
    eighths, angle (of 256), and the view in which the keypoint was written (0..3).
    """

    model: int
    """Version of the model; signatures of different versions never compare."""
    width: int
    height: int
    """Of the raster, in pixels, longest side 256."""
    found: int
    """Keypoints that the picture had before the cap."""
    codes: Codes
    geometry: NDArray[np.uint8]
    words: NDArray[np.uint16]
    """Shape ``(n, 2)``: the keypoint's word in each of the two codebooks, below 1,024."""
    tiles: bytes
    """512 bytes: see :mod:`.tiles`."""

    def __post_init__(self) -> None:
        count = len(self.codes)
        if (
            self.codes.shape != (count, 16)
            or self.geometry.shape != (count, 5)
            or self.words.shape != (count, 2)
            or count > MOST_KEYPOINTS
            or len(self.tiles) != TILE_BYTES
            or not (0 < self.width <= 256 and 0 < self.height <= 256)
        ):
            raise BadSignature("the parts of this local signature do not fit together")
        if count and (int(self.words.max()) >= 1024 or int(self.geometry[:, 4].max()) > (MIRRORED | NEGATED)):
            raise BadSignature("this local signature names a word or a view that does not exist")

    def __len__(self) -> int:
        """Return the number of keypoints."""
        return len(self.codes)

    @property
    def cells(self) -> NDArray[np.uint32]:
        """Shape ``(n,)``: the cell of each keypoint in the inverted multi-index, below 2²⁰."""
        words = self.words.astype(np.uint32)
        return (words[:, 0] << np.uint32(10)) | words[:, 1]

    def strongest(self, keypoints: int) -> LocalSignature:
        """Return the same picture with at most so many keypoints."""
        if keypoints >= len(self):
            return self
        return LocalSignature(
            self.model,
            self.width,
            self.height,
            self.found,
            self.codes[:keypoints],
            self.geometry[:keypoints],
            self.words[:keypoints],
            self.tiles,
        )

    def to_bytes(self) -> bytes:
        """Return the stored form: 24 bytes a keypoint, 512 for the tiles, 14 for the header, so 5,326 for 200
        keypoints."""
        header = _HEADER.pack(
            _MAGIC, _FORMAT, self.model, self.width, self.height, min(self.found, 65_535), len(self)
        )
        cells = self.cells
        packed_cells = np.stack([cells >> 16, (cells >> 8) & 255, cells & 255], axis=1).astype(np.uint8)
        return b"".join(
            (header, self.tiles, self.codes.tobytes(), self.geometry.tobytes(), packed_cells.tobytes())
        )

    @classmethod
    def from_bytes(cls, data: bytes) -> LocalSignature:
        """Read what :meth:`to_bytes` wrote. Raises :class:`BadSignature`."""
        if len(data) < _HEADER.size:
            raise BadSignature("a local signature is longer than this")
        magic, version, model, width, height, found, count = _HEADER.unpack_from(data)
        if magic != _MAGIC or version != _FORMAT:
            raise BadSignature(f"no local signature, or of format {version}, which is not known here")
        if len(data) != _HEADER.size + TILE_BYTES + count * KEYPOINT_BYTES:
            raise BadSignature("this local signature is cut off or has something behind it")
        start = _HEADER.size
        tiles = data[start : start + TILE_BYTES]
        body = np.frombuffer(data, dtype=np.uint8, offset=start + TILE_BYTES)
        codes, geometry, packed = np.split(body, [count * 16, count * 21])
        triples = packed.reshape(count, 3).astype(np.uint32)
        cells = (triples[:, 0] << 16) | (triples[:, 1] << 8) | triples[:, 2]
        words = np.stack([cells >> 10, cells & 1023], axis=1).astype(np.uint16)
        return cls(
            model, width, height, found, codes.reshape(count, 16), geometry.reshape(count, 5), words, tiles
        )


@dataclass(frozen=True, slots=True, eq=False)
class LocalFeatures:
    """One view of an upload as it leaves the sandbox: picklable, about 130 KB, in memory only.

    A *row* is a reading of a keypoint. A keypoint whose orientation class is uncertain has several.
    """

    signature: LocalSignature
    """Of all keypoints; ``strongest()`` of it is what is stored."""
    row_keypoint: NDArray[np.uint16]
    """Shape ``(r,)``: the keypoint that a row reads."""
    row_codes: Codes
    """Shape ``(r, 16)``."""
    row_views: NDArray[np.uint8]
    """Shape ``(r,)``, values 0..3."""
    probes: NDArray[np.uint32]
    """Shape ``(r, p)``: the cells nearest to a row, nearest first."""
    raster: NDArray[np.uint8]
    """Grey, longest side 256: what the tile check compares. Never stored."""
    view: int = 0
    """Number of the view (frame and background) of the upload that this is."""

    def __post_init__(self) -> None:
        rows = len(self.row_codes)
        if rows > MOST_ROWS or not len(self.row_keypoint) == len(self.row_views) == len(self.probes) == rows:
            raise BadSignature("the parts of these local features do not fit together")
