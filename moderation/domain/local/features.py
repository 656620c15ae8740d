"""From the decoded picture to what is looked up and what is kept. Runs inside the sandbox's child."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from . import keypoints as keypoints_module
from .budget import LocalBudget
from .descriptors import seen
from .keypoints import SIDE, Keypoints
from .model import current
from .signature import SCALE_STEPS, LocalFeatures, LocalSignature
from .tiles import tile_bytes

BAN_KEYPOINTS = 200
UPLOAD_KEYPOINTS = 600
STORED_KEYPOINTS = 300
"""Of an approved upload, for reach-back: 7.7 KB."""


def extract(
    picture: NDArray[np.uint8],
    *,
    keypoints: int = UPLOAD_KEYPOINTS,
    budget: LocalBudget | None = None,
    view: int = 0,
) -> LocalFeatures:
    """Return the features of one decoded picture, grey ``(h, w)`` or RGB ``(h, w, 3)``, uint8.

    A ban is ``extract(...).signature.strongest(BAN_KEYPOINTS)``; one call serves both. About 20 ms.
    Raises :class:`ValueError` for another shape or type, :class:`ImportError` without OpenCV.
    """
    budget = budget or LocalBudget()
    model = current()
    raster = keypoints_module.raster(picture)
    points = keypoints_module.detect(raster, keypoints=keypoints)
    number, views = model.rows(points.descriptors)
    number, views = number[: budget.rows], views[: budget.rows]
    canonical = seen(points.descriptors[number], views)
    codes = model.codes(canonical)
    probes = model.probes(canonical, budget.probes_of(len(number)))
    height, width = raster.shape
    own = len(points.descriptors)
    signature = LocalSignature(
        model.version,
        width,
        height,
        points.found,
        codes[:own],
        _geometry(points, views[:own]),
        _words(probes, own),
        tile_bytes(raster),
    )
    return LocalFeatures(signature, number, codes, views, probes, raster, view)


def _words(probes: NDArray[np.uint32], own: int) -> NDArray[np.uint16]:
    """Return the pair of the nearest words, which is the nearest cell."""
    first = probes[:own, 0]
    return np.stack([first >> 10, first & 1023], axis=1).astype(np.uint16)


def _geometry(points: Keypoints, views: NDArray[np.uint8]) -> NDArray[np.uint8]:
    scale = np.rint(np.log2(np.maximum(points.size, 1)) * SCALE_STEPS)
    fields = [
        np.rint(points.x * (255 / (SIDE - 1))),
        np.rint(points.y * (255 / (SIDE - 1))),
        scale,
        np.rint(points.angle * (256 / 360)) % 256,
        views,
    ]
    found: NDArray[np.uint8] = np.clip(np.stack(fields, axis=1), 0, 255).astype(np.uint8)
    return found
