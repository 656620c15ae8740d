"""From a picture to keypoints with descriptors. The only module here that uses OpenCV."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .descriptors import Descriptors, root_sift

if TYPE_CHECKING:
    import cv2

SIDE = 256
"""Longest side, in pixels, of the grey raster that features are measured on. 320 and 384 find no
more, cost up to twice as much and bring more wrong pairs."""
LEAST_SIDE = 12
"""A raster that is thinner than this has no room for a keypoint."""
CONTRAST = 0.02
FEWEST = 120
"""Keypoints below which a picture is looked at again, more closely: a blurred or plain copy then has three times as many."""
CLOSER_CONTRAST = 0.006
MOST = 1_500
"""Keypoints that are described at all, whatever the picture."""
CROWDED = 24
"""Keypoints of one sixteenth of the picture that count at their full strength; later ones are ranked behind, so that a
caption does not take all the places."""


@dataclass(frozen=True, slots=True)
class Keypoints:
    """Strongest first."""

    x: NDArray[np.float32]
    y: NDArray[np.float32]
    """Pixels of the raster, pixel centres at whole numbers."""
    size: NDArray[np.float32]
    """Diameter in pixels."""
    angle: NDArray[np.float32]
    """Degrees, 0..360, clockwise from the x axis."""
    descriptors: Descriptors
    found: int
    """How many there were before the cap."""


def available() -> bool:
    """Return whether OpenCV is installed."""
    from importlib.util import find_spec

    return find_spec("cv2") is not None


@cache
def _sift(contrast: float) -> cv2.SIFT:
    import cv2

    cv2.setNumThreads(1)
    return cv2.SIFT.create(nfeatures=MOST, contrastThreshold=contrast)


def raster(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the picture in grey, longest side :data:`SIDE`. Takes ``(h, w)``, ``(h, w, 3)`` or ``(h, w, 4)`` (alpha
    is ignored).

    Raises :class:`ValueError` for another shape or type.
    """
    import cv2

    if picture.dtype != np.uint8 or picture.ndim not in (2, 3) or 0 in picture.shape:
        raise ValueError("a picture is a non-empty uint8 array of shape (h, w) or (h, w, 3)")
    grey: NDArray[Any] = picture
    height, width = grey.shape[:2]
    scale = SIDE / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    if size != (width, height):
        if max(height, width) > 4 * SIDE:  # area averaging of a huge raster costs more than it gives
            step = max(height, width) // (2 * SIDE)
            grey = grey[::step, ::step] if min(height, width) >= step else grey
        grey = cv2.resize(
            np.ascontiguousarray(grey), size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
        )
    if grey.ndim == 3:
        if grey.shape[2] < 3:
            grey = grey[:, :, 0]
        else:
            weighted = grey[:, :, :3].astype(np.uint32) @ np.array([299, 587, 114], dtype=np.uint32)
            grey = ((weighted + 500) // 1000).astype(np.uint8)
    return np.ascontiguousarray(grey)


def detect(grey: NDArray[np.uint8], *, keypoints: int, fewest: int = FEWEST) -> Keypoints:
    """Return the strongest ``keypoints`` of a raster, spread over it, in a deterministic order; where there are fewer
    than ``fewest``, detect again with a lower threshold."""
    nothing = np.empty(0, dtype=np.float32)
    if min(grey.shape) < LEAST_SIDE:
        return Keypoints(nothing, nothing, nothing, nothing, np.empty((0, 128), dtype=np.uint8), 0)
    points, sift_descriptors = _sift(CONTRAST).detectAndCompute(grey, None)
    if len(points) < fewest:
        points, sift_descriptors = _sift(CLOSER_CONTRAST).detectAndCompute(grey, None)
    if not points:
        return Keypoints(nothing, nothing, nothing, nothing, np.empty((0, 128), dtype=np.uint8), 0)
    table = np.array([(p.pt[0], p.pt[1], p.size, p.angle, p.response) for p in points], dtype=np.float32)
    order = np.lexsort((table[:, 3], table[:, 2], table[:, 1], table[:, 0], -table[:, 4]))
    order = _spread(order, table, grey.shape)[:keypoints]
    x, y, size, angle, _ = table[order].T
    return Keypoints(x, y, size, angle, root_sift(sift_descriptors[order]), len(points))


def _spread(
    order: NDArray[np.int64], table: NDArray[np.float32], shape: tuple[int, ...]
) -> NDArray[np.int64]:
    height, width = shape[0], shape[1]
    column = np.minimum((table[order, 0] * 4 / width).astype(np.int64), 3)
    row = np.minimum((table[order, 1] * 4 / height).astype(np.int64), 3)
    cell = row * 4 + column
    by_cell = np.argsort(cell, kind="stable")
    counts = np.bincount(cell, minlength=16)
    rank = np.empty(len(order), dtype=np.int64)
    rank[by_cell] = np.arange(len(order)) - np.repeat(np.cumsum(counts) - counts, counts)
    return order[np.argsort(rank // CROWDED, kind="stable")]
