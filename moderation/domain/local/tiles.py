"""The tile rule: does the upload, laid over the ban, rise and fall where the ban does?

The number of keypoints that agree does not decide: two pictures with the same caption, frame or carpet
have dozens. So the upload is warped into the ban's frame, both are reduced to 33 × 33 cells, and the signs
of the differences of neighbouring cells are compared in 8 × 8 tiles of 32 differences each, only where the ban has contrast.
A ban keeps two bits a difference (its sign, and whether there is contrast): 512 bytes, no pixels.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .signature import TILE_BYTES

CELLS = 33
TILES = 8
SAMPLES = 4
"""Samples a cell and axis."""
CONTRAST = 3.0
"""Grey levels between neighbouring cells below which a difference says nothing."""
LEAST_EVIDENCE = 8
"""Of a tile's 32 differences, those with contrast that make it evidence."""
EQUAL = 0.8
"""Share of equal signs from which a tile agrees."""
VISIBLE = 0.5
"""Share of the differences in which the ban has contrast that need it in the upload, too, before an agreeing tile is
something that a person has seen. Of shared backgrounds of 12 photographs every tile has, and of 78 % to all when the upload is
darkened to .6; of the ban at a twentieth of its contrast, which hardly shows and agrees in up to 16 tiles of 16, none."""
FAINT = 0.25
"""A difference in the upload below this, in grey levels, has no sign: nothing is there."""

Signs = NDArray[np.bool_]
"""Shape ``(64, 32)``: tiles by row, 16 horizontal differences and then 16 vertical ones."""


@dataclass(frozen=True, slots=True, eq=False)
class TileCheck:
    """Shape ``(64,)`` each, tiles by row."""

    evidence: NDArray[np.bool_]
    """Tiles in which the ban has enough contrast."""
    seen: NDArray[np.bool_]
    """Evidence tiles that the upload covers."""
    agreeing: NDArray[np.bool_]
    visible: NDArray[np.bool_]
    """Agreeing tiles that are no ghost, see :data:`VISIBLE`: those of which a person can say what they show."""

    @property
    def tile(self) -> float:
        """Agreeing share of the evidence tiles that the upload covers."""
        return float(self.agreeing.sum() / max(1, self.seen.sum()))

    @property
    def share(self) -> float:
        """Agreeing share of all evidence tiles of the ban."""
        return float(self.agreeing.sum() / max(1, self.evidence.sum()))


def _by_tile(horizontal: NDArray[np.generic], vertical: NDArray[np.generic]) -> NDArray[np.generic]:
    """Return ``(33, 32)`` and ``(32, 33)`` differences as ``(64, 32)``; the last row and column are not used."""
    parts = [
        part[:32, :32].reshape(TILES, 4, TILES, 4).transpose(0, 2, 1, 3).reshape(TILES * TILES, 16)
        for part in (horizontal, vertical)
    ]
    return np.concatenate(parts, axis=1)


def differences(cells: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the differences of a ``(33, 33)`` picture, shape ``(64, 32)``."""
    return _by_tile(np.diff(cells, axis=1), np.diff(cells, axis=0)).astype(np.float32)


def tile_bytes(raster: NDArray[np.uint8]) -> bytes:
    """Return what a ban keeps: 256 bytes of signs and 256 of contrast."""
    cells, _ = warped(Pyramid(raster), np.eye(3), raster.shape[1], raster.shape[0])
    rises = differences(cells)
    return np.packbits(rises > 0).tobytes() + np.packbits(np.abs(rises) > CONTRAST).tobytes()


def unpacked(tiles: bytes) -> tuple[Signs, Signs]:
    """Return signs and contrast of :func:`tile_bytes`, shape ``(64, 32)`` each."""
    bits = np.unpackbits(np.frombuffer(tiles, dtype=np.uint8)).astype(bool).reshape(2, TILES * TILES, 32)
    return bits[0], bits[1]


def evidence_tiles(tiles: bytes) -> NDArray[np.bool_]:
    """Return which tiles have enough contrast to count as evidence, shape ``(64,)``."""
    return np.asarray(unpacked(tiles)[1].sum(axis=1) >= LEAST_EVIDENCE)


def muted(tiles: bytes, mute: NDArray[np.bool_]) -> bytes:
    """Return tiles without the evidence of some: what is learned to be background. ``mute`` has shape ``(64,)``."""
    signs, contrast = unpacked(tiles)
    contrast = contrast & ~mute[:, None]
    packed = np.packbits(signs).tobytes() + np.packbits(contrast).tobytes()
    assert len(packed) == TILE_BYTES
    return packed


class Pyramid:
    """A raster and its halvings, so that a reduction by the warp does not alias."""

    def __init__(self, raster: NDArray[np.uint8]) -> None:
        self.levels = [raster.astype(np.float32)]
        while min(self.levels[-1].shape) >= 8 and len(self.levels) < 4:
            level = self.levels[-1]
            level = level[: level.shape[0] // 2 * 2, : level.shape[1] // 2 * 2]
            halved = level[::2, ::2] + level[1::2, ::2] + level[::2, 1::2] + level[1::2, 1::2]
            self.levels.append(np.asarray(halved * np.float32(0.25), dtype=np.float32))

    @property
    def width(self) -> int:
        """Of the raster."""
        return int(self.levels[0].shape[1])

    @property
    def height(self) -> int:
        """Of the raster."""
        return int(self.levels[0].shape[0])


def warped(
    pyramid: Pyramid,
    transform: NDArray[np.float64],
    width: int,
    height: int,
    cells: int = CELLS,
    samples: int = SAMPLES,
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Reduce the part of a raster that lies over a ban's frame to ``cells`` × ``cells``.

    ``transform`` (3 × 3) takes pixels of the ban's ``width`` × ``height`` frame to pixels of the raster. Returns the
    means, and which cells lie wholly inside the raster and are not clipped to black or white.
    """
    count = cells * samples
    at = (np.arange(count) + 0.5) / count
    x, y = at * width - 0.5, at * height - 0.5
    u, v, inside = _positions(pyramid, transform, x, y)
    step = _spacing(transform, width / count, height / count, width / 2, height / 2)
    number = int(np.clip(np.floor(np.log2(max(step, 1.0)) + 0.25), 0, len(pyramid.levels) - 1))
    half = 2.0**-number
    values = _bilinear(pyramid.levels[number], (u + 0.5) * half - 0.5, (v + 0.5) * half - 0.5)
    blocks = (cells, samples, cells, samples)
    mean = values.reshape(blocks).mean(axis=(1, 3))
    usable = inside.reshape(blocks).all(axis=(1, 3)) & (mean > 1) & (mean < 254)
    return mean.astype(np.float32), usable


def _spacing(m: NDArray[np.float64], dx: float, dy: float, x: float, y: float) -> float:
    """Return the pixels of the raster between neighbouring samples in the middle of the frame, the larger of both
    axes."""
    points = m @ np.array([[x, x + dx, x], [y, y, y + dy], [1.0, 1.0, 1.0]])
    if (points[2] <= 1e-6).any():
        return 1.0
    u, v = points[0] / points[2], points[1] / points[2]
    return float(max(np.hypot(u[1] - u[0], v[1] - v[0]), np.hypot(u[2] - u[0], v[2] - v[0])))


def inside(pyramid: Pyramid, transform: NDArray[np.float64], width: int, height: int) -> float:
    """Share, 0..1, of a ban's frame that lies inside the raster."""
    x, y = (np.arange(24) + 0.5) / 24 * width - 0.5, (np.arange(24) + 0.5) / 24 * height - 0.5
    return float(_positions(pyramid, transform, x, y)[2].mean())


def laid_over(
    pyramid: Pyramid, transform: NDArray[np.float64], width: int, height: int, out_width: int, out_height: int
) -> NDArray[np.uint8]:
    """Return the raster in a ban's frame, shape ``(out_height, out_width)``; mid-grey where it does not reach."""
    x = (np.arange(out_width) + 0.5) / out_width * width - 0.5
    y = (np.arange(out_height) + 0.5) / out_height * height - 0.5
    u, v, inside = _positions(pyramid, transform, x, y)
    values = np.where(inside, _bilinear(pyramid.levels[0], u, v), np.float32(128))
    return np.rint(values).astype(np.uint8)


def _positions(
    pyramid: Pyramid, m: NDArray[np.float64], x: NDArray[np.float64], y: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
    """Return where the grid lies in the raster, and which of it is inside; 0 where it is not."""
    u = (m[0, 0] * x)[None, :] + (m[0, 1] * y + m[0, 2])[:, None]
    v = (m[1, 0] * x)[None, :] + (m[1, 1] * y + m[1, 2])[:, None]
    if m[2, 0] == m[2, 1] == 0 and m[2, 2] == 1:
        ahead: NDArray[np.bool_] = np.ones(u.shape, dtype=bool)
    else:
        denominator = (m[2, 0] * x)[None, :] + (m[2, 1] * y + m[2, 2])[:, None]
        ahead = denominator > 1e-6
        denominator[~ahead] = 1
        u /= denominator
        v /= denominator
    inside = ahead & (u >= -0.5) & (u <= pyramid.width - 0.5) & (v >= -0.5) & (v <= pyramid.height - 0.5)
    return np.where(inside, u, 0), np.where(inside, v, 0), inside


def _bilinear(
    level: NDArray[np.float32], x: NDArray[np.float64], y: NDArray[np.float64]
) -> NDArray[np.float32]:
    height, width = level.shape
    x, y = np.clip(x, 0, width - 1), np.clip(y, 0, height - 1)
    left, top = x.astype(np.intp), y.astype(np.intp)
    np.minimum(left, max(0, width - 2), out=left)
    np.minimum(top, max(0, height - 2), out=top)
    right, bottom = min(1, width - 1), min(1, height - 1) * width
    fx, fy = (x - left).astype(np.float32), (y - top).astype(np.float32)
    flat, at = level.reshape(-1), top * width + left
    rest = 1 - fx
    upper = flat.take(at) * rest
    upper += flat.take(at + right) * fx
    at += bottom
    lower = flat.take(at) * rest
    lower += flat.take(at + right) * fx
    upper *= 1 - fy
    lower *= fy
    upper += lower
    return np.asarray(upper)


def compare(
    tiles: bytes, cells: NDArray[np.float32], usable: NDArray[np.bool_], *, negative: bool = False
) -> TileCheck:
    """Return how the ban's signs agree with the upload's reduced picture from :func:`warped`."""
    signs, contrast = unpacked(tiles)
    rises = differences(-cells if negative else cells)
    both = _by_tile(usable[:, 1:] & usable[:, :-1], usable[1:] & usable[:-1]).astype(bool)
    counted = contrast & both
    equal = counted & ((rises > FAINT) == signs) & (np.abs(rises) > FAINT)
    evidence = contrast.sum(axis=1) >= LEAST_EVIDENCE
    amount = counted.sum(axis=1)
    seen = evidence & (amount * 2 >= contrast.sum(axis=1))
    agreeing = seen & (equal.sum(axis=1) >= EQUAL * amount)
    shown = counted & (np.abs(rises) > CONTRAST)
    return TileCheck(evidence, seen, agreeing, agreeing & (shown.sum(axis=1) >= VISIBLE * amount))
