"""Canonical pictures to codes: all patches of an upload, all orientations, in one go.

The grids are sampled by Pillow with the filter that imagehash uses, so that hashes made by imagehash elsewhere
compare with ours. What is done to the grids afterwards is vectorised over patches and orientations.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import NoReturn

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops

from moderation.domain.borders import Box
from moderation.domain.orientations import eight, eight_spectra
from moderation.domain.pdq import orientations
from moderation.domain.pdq import pdq as hash_pixels

Bits = NDArray[np.bool_]
"""Shape ``(patches, 8, bits)``."""

_ENOUGH = 128
"""Pixels of the shorter side that a patch is reduced to before it is sampled: no grid has more than 64 cells, and
Pillow's Lanczos filter takes time by the source's pixels."""
_LIGHTNESS_ENOUGH = 64
"""The same for lightness, whose grid has 17 × 16 cells."""

_Box = tuple[float, float, float, float]


class Patch:
    """A rectangle of a canonical picture that is fingerprinted as a picture of its own.

    Cut out before it is resampled: Pillow's ``resize(box=…)`` would let what lies around it shine in.
    ``side`` is its shorter side in pixels.
    """

    def __init__(self, grey: Image.Image, colour: Image.Image, box: Box) -> None:
        self._colour = colour
        self._edges = (box.left, box.top, box.right, box.bottom)
        self.side = min(box.width, box.height)
        factor = max(1, self.side // _ENOUGH)
        self._grey = grey.reduce(factor, self._edges)
        self._exact: _Box = (0, 0, box.width / factor, box.height / factor)
        self._samples: dict[tuple[int, int], NDArray[np.uint8]] = {}

    def sample(self, width: int, height: int) -> NDArray[np.uint8]:
        """Return the patch's luminance resampled (Lanczos) to shape ``(height, width)``; each size once."""
        size = width, height
        if size not in self._samples:
            small = self._grey.resize(size, Image.Resampling.LANCZOS, box=self._exact)
            self._samples[size] = np.asarray(small)
        return self._samples[size]

    def cells(self, *, lightness: bool = False) -> tuple[NDArray[np.int16], NDArray[np.int16]]:
        """Return luminance, or lightness, averaged over cells, shapes ``(32, 33)`` and ``(33, 32)``.

        Plain means: no filter rings around an edge, which would give level ground a direction.
        """
        grey, box = self._light(_ENOUGH) if lightness else (self._grey, self._exact)
        across = grey.resize((33, 32), Image.Resampling.BOX, box=box)
        down = grey.resize((32, 33), Image.Resampling.BOX, box=box)
        return np.asarray(across, dtype=np.int16), np.asarray(down, dtype=np.int16)

    def lightness(self) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """Return the mean of the strongest and the weakest channel, in shapes ``(16, 17)`` and ``(17, 16)``.

        It is what a change of hue leaves alone.
        """
        light, box = self._light(_LIGHTNESS_ENOUGH)
        across = light.resize((17, 16), Image.Resampling.LANCZOS, box=box)
        return np.asarray(across), np.asarray(light.resize((16, 17), Image.Resampling.LANCZOS, box=box))

    def _light(self, enough: int) -> tuple[Image.Image, _Box]:
        """Return the lightness, reduced to about ``enough`` pixels of the shorter side, and the patch's box in it."""
        factor = max(1, self.side // enough)
        red, green, blue = self._colour.reduce(factor, self._edges).split()
        strongest = ImageChops.lighter(ImageChops.lighter(red, green), blue)
        weakest = ImageChops.darker(ImageChops.darker(red, green), blue)
        light = ImageChops.add(strongest, weakest, scale=2)
        width, height = self._edges[2] - self._edges[0], self._edges[3] - self._edges[1]
        return light, (0, 0, width / factor, height / factor)

    def colours(self) -> NDArray[np.uint8]:
        """Return the patch in colour at canonical size, shape ``(height, width, 3)``."""
        return np.ascontiguousarray(np.asarray(self._colour.crop(self._edges)))


def sampled(patches: Sequence[Patch], width: int, height: int) -> NDArray[np.uint8]:
    """Return the luminance of patches at one size, shape ``(patches, height, width)``."""
    return np.stack([patch.sample(width, height) for patch in patches])


def negative_dhash256(patches: Sequence[Patch]) -> NDArray[np.uint8]:
    """Return ``dhash256`` of the patches' negatives in their own orientation, shape ``(patches, 32)``.

    Not the complement of the bits: where two neighbours are equal, the bit is 0 in a picture and in its negative.
    """
    grids = sampled(patches, 17, 16)
    return np.packbits((grids[..., 1:] < grids[..., :-1]).reshape(len(patches), -1), axis=-1)


def lightness_dhash256(patches: Sequence[Patch]) -> NDArray[np.uint8]:
    """Return ``dhash256`` of the patches' lightness rather than their luminance, shape ``(patches, 8, 32)``.

    A turned hue makes a red shirt on green as bright as its ground, and a fingerprint of luminance finds 98 % of such
    copies; lightness does not change.
    """
    pairs = [patch.lightness() for patch in patches]
    grids = eight(np.stack([upright for upright, _ in pairs]), np.stack([sideways for _, sideways in pairs]))
    return np.packbits((grids[..., 1:] > grids[..., :-1]).reshape(len(patches), 8, -1), axis=-1)


def dhash(side: int) -> Callable[[Sequence[Patch]], Bits]:
    """Make the hasher that asks of each cell whether it is brighter than its left neighbour: imagehash's ``dhash``."""

    def bits(patches: Sequence[Patch]) -> Bits:
        grids = eight(sampled(patches, side + 1, side), sampled(patches, side, side + 1))
        return (grids[..., 1:] > grids[..., :-1]).reshape(len(patches), 8, -1)

    return bits


def phash(side: int) -> Callable[[Sequence[Patch]], Bits]:
    """Make the hasher that asks of each low frequency whether it lies above their median: imagehash's ``phash``."""

    def bits(patches: Sequence[Patch]) -> Bits:
        basis = _dct_basis(side, side * 4)
        spectra = eight_spectra(basis @ sampled(patches, side * 4, side * 4) @ basis.T)
        flat = spectra.reshape(len(patches), 8, -1)
        return np.asarray(flat > np.median(flat, axis=-1, keepdims=True))

    return bits


@lru_cache(maxsize=2)
def _dct_basis(rows: int, size: int) -> NDArray[np.float64]:
    """Return the first rows of the DCT-II as a matrix ``(rows, size)``; scaled like ``scipy.fftpack.dct``."""
    frequency, place = np.arange(rows)[:, None], np.arange(size)[None, :]
    return np.asarray(2 * np.cos(math.pi * frequency * (2 * place + 1) / (2 * size)))


def ahash(patches: Sequence[Patch]) -> Bits:
    """Compare each cell with their mean: imagehash's ``average_hash``."""
    grids = sampled(patches, 8, 8)
    bright = grids > grids.mean(axis=(1, 2), keepdims=True)
    return eight(bright).reshape(len(patches), 8, -1)


def whash(patches: Sequence[Patch]) -> Bits:
    """Compare each cell's mean with their median: imagehash's ``whash``.

    The Haar approximation at the level of 8 × 8 cells is, up to scale, the mean of each cell, and taking the
    lowest band away only shifts all of them: neither changes which lie above the median.
    """
    cells = np.concatenate([_cell_means(patch) for patch in patches])
    high = cells > np.median(cells, axis=(1, 2), keepdims=True)
    return eight(high).reshape(len(patches), 8, -1)


def _cell_means(patch: Patch) -> NDArray[np.float64]:
    """Return means over 8 × 8 cells, shape ``(1, 8, 8)``, at the power of two below the patch's shorter side."""
    side = max(8, 1 << (patch.side.bit_length() - 1))
    return np.asarray(patch.sample(side, side).reshape(1, 8, side // 8, 8, side // 8).mean(axis=(2, 4)))


def pdq(patches: Sequence[Patch]) -> Bits:
    """Hash patches with PDQ; from colour, since its luma is not Pillow's."""
    return np.stack([orientations(hash_pixels(patch.colours()).spectrum) for patch in patches])


def of_whole(_patches: Sequence[Patch]) -> NoReturn:
    """Raise :class:`TypeError`: an algorithm of whole pictures is computed from the decoded frame, not from patches."""
    raise TypeError("This algorithm hashes whole pictures, not patches.")
