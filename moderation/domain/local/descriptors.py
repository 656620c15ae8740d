"""SIFT descriptors as small integers, and what mirroring and negating do to them.

A descriptor is a 4 × 4 × 8 histogram ``[row, column, direction]`` in the keypoint's own frame, so a
mirror image or a negative permutes it and nothing has to be extracted twice:

* mirror: ``[r, c, o] → [3 − r, c, −o]``, angle → 180° − angle, x → w − 1 − x;
* negative: ``[r, c, o] → [3 − r, 3 − c, o]``, angle → angle + 180°.

Both are their own inverse and they commute: with the identity they form a group of four *views*, and
a view is a number 0..3 whose bit 0 says mirrored and bit 1 says negated.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Descriptors = NDArray[np.uint8]
"""Shape ``(n, 128)``, RootSIFT × 512, rounded."""

MIRRORED = 1
NEGATED = 2

_ROW, _COLUMN, _DIRECTION = np.meshgrid(np.arange(4), np.arange(4), np.arange(8), indexing="ij")


def _position(
    row: NDArray[np.int64], column: NDArray[np.int64], direction: NDArray[np.int64]
) -> NDArray[np.int64]:
    return np.asarray((row * 4 + column) * 8 + direction % 8).reshape(-1)


MIRROR = _position(3 - _ROW, _COLUMN, -_DIRECTION)
NEGATIVE = _position(3 - _ROW, 3 - _COLUMN, _DIRECTION)
PERMUTATIONS = np.stack([np.arange(128), MIRROR, NEGATIVE, MIRROR[NEGATIVE]])
"""Shape ``(4, 128)``: ``descriptors[:, PERMUTATIONS[view]]`` is the descriptor seen in that view."""


def root_sift(sift: NDArray[Any]) -> Descriptors:
    """Return SIFT descriptors under the Hellinger kernel (Arandjelović and Zisserman, "Three things everyone should
    know", 2012).

    SIFT's values are small whole numbers, so the sum is exact, and division, root and rounding are
    exact by IEEE 754: the result is the same on every machine.
    """
    total = np.maximum(sift.sum(axis=1, keepdims=True, dtype=np.float32), np.float32(1))
    root = np.sqrt(sift.astype(np.float32) / total) * np.float32(512)
    found: Descriptors = np.minimum(np.rint(root), np.float32(255)).astype(np.uint8)
    return found


def seen(descriptors: Descriptors, views: NDArray[np.uint8]) -> Descriptors:
    """Return each descriptor in its own view: ``views`` has shape ``(n,)``, values 0..3."""
    found: Descriptors = np.take_along_axis(descriptors, PERMUTATIONS[views], axis=1)
    return found
