"""Canonical pictures to codes: all patches of an upload, all orientations, in one go.

The grids are sampled by Pillow with the filter that imagehash uses, so that hashes made by imagehash elsewhere
compare with ours. What is done to the grids afterwards is vectorised over patches and orientations.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from moderation.domain.borders import Box
from moderation.domain.orientations import eight, eight_spectra
from moderation.exceptions import UnknownAlgorithm

Bits = NDArray[np.bool_]
"""Shape ``(patches, 8, bits)``."""

_HALVE_FROM = 128
"""Shorter side in pixels from which a patch is sampled from the picture at half its size: a grid of 64 × 64 and
less cannot tell, and it takes a quarter of the time."""

_LIGHTNESS_SIDE = 96
"""Pixels of the shorter side that are enough for a grid of 17 × 16."""


@dataclass(frozen=True, slots=True)
class Patch:
    """A rectangle of a canonical picture that is fingerprinted as a picture of its own."""

    grey: Image.Image
    """Cut out, and at half its size where that is enough."""
    colour: Image.Image
    """The whole view, for what is made from colour."""
    box: Box

    @classmethod
    def cut(cls, grey: Image.Image, colour: Image.Image, box: Box) -> Patch:
        """From a view. Cut before it is resampled: Pillow's ``resize(box=…)`` lets what lies around shine in."""
        edges = (box.left, box.top, box.right, box.bottom)
        part = grey if edges == (0, 0, *grey.size) else grey.crop(edges)
        return cls(part.reduce(2) if min(part.size) >= _HALVE_FROM else part, colour, box)

    def sample(self, width: int, height: int) -> NDArray[np.uint8]:
        """The patch resampled (Lanczos) to shape ``(height, width)``."""
        return np.asarray(self.grey.resize((width, height), Image.Resampling.LANCZOS))

    def lightness(self) -> Image.Image:
        """The mean of the strongest and the weakest channel, small: what a change of hue leaves alone."""
        part = self.colour.crop((self.box.left, self.box.top, self.box.right, self.box.bottom))
        channels = np.asarray(part.reduce(max(1, min(part.size) // _LIGHTNESS_SIDE)))
        strongest, weakest = channels.max(axis=2).astype(np.uint16), channels.min(axis=2)
        return Image.fromarray(((strongest + weakest) // 2).astype(np.uint8))


def sampled(patches: Sequence[Patch], width: int, height: int) -> NDArray[np.uint8]:
    """Shape ``(patches, height, width)``."""
    return np.stack([patch.sample(width, height) for patch in patches])


def codes_of(algorithm: str, patches: Sequence[Patch]) -> NDArray[np.uint8]:
    """Codes of every patch in every orientation, shape ``(patches, 8, bits // 8)``, most significant bit first.

    ``algorithm`` is a name without version. Raises :class:`UnknownAlgorithm`, also for one that is not installed.
    """
    hasher = _HASHERS.get(algorithm)
    if hasher is None:
        raise UnknownAlgorithm
    return np.packbits(hasher(patches), axis=-1)


def negative_dhash256(patches: Sequence[Patch]) -> NDArray[np.uint8]:
    """``dhash256`` of the patches' negatives in their own orientation, shape ``(patches, 32)``.

    Not the complement of the bits: where two neighbours are equal, the bit is 0 in a picture and in its negative.
    """
    grids = sampled(patches, 17, 16)
    return np.packbits((grids[..., 1:] < grids[..., :-1]).reshape(len(patches), -1), axis=-1)


def lightness_dhash256(patches: Sequence[Patch]) -> NDArray[np.uint8]:
    """``dhash256`` of the patches' lightness rather than their luminance, shape ``(patches, 8, 32)``.

    A turned hue makes a red shirt on green as bright as its ground, and a fingerprint of luminance finds 98 % of such
    copies; lightness does not change.
    """
    greys = [patch.lightness() for patch in patches]
    upright = np.stack([np.asarray(grey.resize((17, 16), Image.Resampling.LANCZOS)) for grey in greys])
    sideways = np.stack([np.asarray(grey.resize((16, 17), Image.Resampling.LANCZOS)) for grey in greys])
    grids = eight(upright, sideways)
    return np.packbits((grids[..., 1:] > grids[..., :-1]).reshape(len(patches), 8, -1), axis=-1)


def _dhash(side: int) -> Callable[[Sequence[Patch]], Bits]:
    """Is each cell brighter than its left neighbour? imagehash's ``dhash``."""

    def bits(patches: Sequence[Patch]) -> Bits:
        grids = eight(sampled(patches, side + 1, side), sampled(patches, side, side + 1))
        return (grids[..., 1:] > grids[..., :-1]).reshape(len(patches), 8, -1)

    return bits


def _phash(side: int) -> Callable[[Sequence[Patch]], Bits]:
    """Is each low frequency stronger than their median? imagehash's ``phash``."""

    def bits(patches: Sequence[Patch]) -> Bits:
        basis = _dct_basis(side, side * 4)
        spectra = eight_spectra(basis @ sampled(patches, side * 4, side * 4) @ basis.T)
        flat = spectra.reshape(len(patches), 8, -1)
        return np.asarray(flat > np.median(flat, axis=-1, keepdims=True))

    return bits


@lru_cache(maxsize=2)
def _dct_basis(rows: int, size: int) -> NDArray[np.float64]:
    """The first rows of the DCT-II as a matrix ``(rows, size)``; scaled like ``scipy.fftpack.dct``."""
    frequency, place = np.arange(rows)[:, None], np.arange(size)[None, :]
    return np.asarray(2 * np.cos(math.pi * frequency * (2 * place + 1) / (2 * size)))


def _ahash(patches: Sequence[Patch]) -> Bits:
    """Is each cell brighter than their mean? imagehash's ``average_hash``."""
    grids = sampled(patches, 8, 8)
    bright = grids > grids.mean(axis=(1, 2), keepdims=True)
    return eight(bright).reshape(len(patches), 8, -1)


def _whash(patches: Sequence[Patch]) -> Bits:
    """Is each cell's mean above their median? imagehash's ``whash``.

    The Haar approximation at the level of 8 × 8 cells is, up to scale, the mean of each cell, and taking the
    lowest band away only shifts all of them: neither changes which lie above the median.
    """
    cells = np.concatenate([_cell_means(patch) for patch in patches])
    high = cells > np.median(cells, axis=(1, 2), keepdims=True)
    return eight(high).reshape(len(patches), 8, -1)


def _cell_means(patch: Patch) -> NDArray[np.float64]:
    """Means over 8 × 8 cells, shape ``(1, 8, 8)``, at the power of two below the patch's shorter side."""
    side = max(8, 1 << (min(patch.box.width, patch.box.height).bit_length() - 1))
    return np.asarray(patch.sample(side, side).reshape(1, 8, side // 8, 8, side // 8).mean(axis=(2, 4)))


_PDQ_ORDER = (0, 5, 4, 2, 6, 1, 3, 7)
"""pdqhash's positions of our :data:`~moderation.domain.orientations.ORIENTATIONS`."""


def _pdq(patches: Sequence[Patch]) -> Bits:
    """Facebook's PDQ, by its own code; from colour, since its luminance is not Pillow's."""
    try:
        import pdqhash
    except ImportError as error:
        raise UnknownAlgorithm from error
    rows = []
    for patch in patches:
        box = (patch.box.left, patch.box.top, patch.box.right, patch.box.bottom)
        pixels = np.ascontiguousarray(np.asarray(patch.colour.crop(box)))
        vectors, _quality = pdqhash.compute_dihedral(pixels)
        rows.append(np.stack([vectors[place] for place in _PDQ_ORDER]))
    return np.stack(rows).astype(bool)


_HASHERS: Mapping[str, Callable[[Sequence[Patch]], Bits]] = MappingProxyType(
    {
        "dhash256": _dhash(16),
        "phash256": _phash(16),
        "pdq": _pdq,
        "ahash64": _ahash,
        "dhash64": _dhash(8),
        "phash64": _phash(8),
        "whash64": _whash,
    }
)
