"""Where keypoints lie, and the transformations between a ban's frame and an upload's.

A mirrored view of the upload is handled by mirroring its keypoints, so that every transformation here
preserves orientation. Coordinates are pixels of the rasters (longest side 256).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .descriptors import MIRRORED, NEGATED
from .keypoints import SIDE
from .signature import SCALE_STEPS

Matrix = NDArray[np.float64]
"""Shape ``(3, 3)``, homogeneous."""


@dataclass(frozen=True, slots=True, eq=False)
class Places:
    """Shape ``(n,)`` each."""

    x: NDArray[np.float32]
    y: NDArray[np.float32]
    scale: NDArray[np.float32]
    """log₂ of the diameter."""
    angle: NDArray[np.float32]
    """Degrees."""

    def at(self, which: NDArray[np.integer]) -> Places:
        """The places of these keypoints."""
        return Places(self.x[which], self.y[which], self.scale[which], self.angle[which])


def places(geometry: NDArray[np.uint8]) -> Places:
    """Of the stored bytes, shape ``(n, 5)`` or ``(n, 4)``."""
    g = geometry.astype(np.float32)
    unit = np.float32((SIDE - 1) / 255)
    return Places(
        g[:, 0] * unit, g[:, 1] * unit, g[:, 2] / np.float32(SCALE_STEPS), g[:, 3] * np.float32(360 / 256)
    )


def viewed(p: Places, views: NDArray[np.uint8], width: int) -> Places:
    """Each keypoint as it lies in a view of its picture: ``views`` has shape ``(n,)``, values 0..3."""
    mirrored = (views & MIRRORED) != 0
    x = np.where(mirrored, width - 1 - p.x, p.x)
    angle = np.where(mirrored, 180 - p.angle, p.angle) + np.where(views & NEGATED, 180, 0)
    return Places(x.astype(np.float32), p.y, p.scale, (angle % 360).astype(np.float32))


def similarities(ban: Places, upload: Places) -> tuple[NDArray[np.float32], ...]:
    """One match, one similarity from the ban's frame to the upload's: ``(a, b, tx, ty)`` with
    ``x' = a·x − b·y + tx``, ``y' = b·x + a·y + ty``."""
    factor = np.exp2(upload.scale - ban.scale)
    turn = np.deg2rad(upload.angle - ban.angle)
    a, b = factor * np.cos(turn), factor * np.sin(turn)
    return a, b, upload.x - (a * ban.x - b * ban.y), upload.y - (b * ban.x + a * ban.y)


def apply(
    matrix: Matrix, x: NDArray[np.floating], y: NDArray[np.floating]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Points of the ban's frame in the upload's; far away where they have no image."""
    w = matrix[2, 0] * x + matrix[2, 1] * y + matrix[2, 2]
    w = np.where(w > 1e-6, w, 1e-6)
    return (matrix[0, 0] * x + matrix[0, 1] * y + matrix[0, 2]) / w, (
        matrix[1, 0] * x + matrix[1, 1] * y + matrix[1, 2]
    ) / w


def fit_similarity(ban: Places, upload: Places) -> Matrix | None:
    """Least squares; None where the points do not determine one."""
    bx, by = ban.x - ban.x.mean(), ban.y - ban.y.mean()
    ux, uy = upload.x - upload.x.mean(), upload.y - upload.y.mean()
    spread = float((bx * bx + by * by).sum())
    if spread < 1:
        return None
    a = float((bx * ux + by * uy).sum()) / spread
    b = float((bx * uy - by * ux).sum()) / spread
    return np.array(
        [
            [a, -b, upload.x.mean() - a * ban.x.mean() + b * ban.y.mean()],
            [b, a, upload.y.mean() - b * ban.x.mean() - a * ban.y.mean()],
            [0, 0, 1],
        ],
        dtype=np.float64,
    )


def fit_affine(ban: Places, upload: Places) -> Matrix | None:
    """Least squares; None for fewer than four points or points on a line."""
    if len(ban.x) < 4:
        return None
    bx, by = ban.x - ban.x.mean(), ban.y - ban.y.mean()
    points = np.stack([bx, by], axis=1).astype(np.float64)
    moment = points.T @ points
    if np.linalg.det(moment) < 1e-3 * max(1.0, float(np.trace(moment))) ** 2:
        return None
    target = np.stack([upload.x - upload.x.mean(), upload.y - upload.y.mean()], axis=1).astype(np.float64)
    linear = np.linalg.solve(moment, points.T @ target).T
    centre = np.array([ban.x.mean(), ban.y.mean()], dtype=np.float64)
    shift = np.array([upload.x.mean(), upload.y.mean()], dtype=np.float64) - linear @ centre
    matrix = np.eye(3)
    matrix[:2, :2], matrix[:2, 2] = linear, shift
    return matrix


def fit_homography(ban: Places, upload: Places) -> Matrix | None:
    """Direct linear transformation, normalised (Hartley, 1997); None for fewer than eight points."""
    if len(ban.x) < 8:
        return None
    bx, by, ux, uy = ((v.astype(np.float64) - 128) / 128 for v in (ban.x, ban.y, upload.x, upload.y))
    one, zero = np.ones_like(bx), np.zeros_like(bx)
    rows = np.concatenate(
        [
            np.stack([bx, by, one, zero, zero, zero, -ux * bx, -ux * by, -ux], axis=1),
            np.stack([zero, zero, zero, bx, by, one, -uy * bx, -uy * by, -uy], axis=1),
        ]
    )
    matrix = np.linalg.svd(rows.T @ rows)[2][-1].reshape(3, 3)
    to_pixels = np.array([[128, 0, 128], [0, 128, 128], [0, 0, 1.0]])
    matrix = to_pixels @ matrix @ np.linalg.inv(to_pixels)
    return matrix / matrix[2, 2] if abs(matrix[2, 2]) > 1e-9 else None


def sane(matrix: Matrix, width: int, height: int) -> bool:
    """Whether the ban's frame stays a convex, not too oblong quadrangle of the right orientation and size."""
    corners_x, corners_y = np.array([0, width, width, 0.0]), np.array([0, 0, height, height * 1.0])
    if (matrix[2, 0] * corners_x + matrix[2, 1] * corners_y + matrix[2, 2] < 0.2).any():
        return False
    x, y = apply(matrix, corners_x, corners_y)
    ex, ey = np.roll(x, -1) - x, np.roll(y, -1) - y
    turns = ex * np.roll(ey, -1) - ey * np.roll(ex, -1)
    if (turns <= 0).any():
        return False
    factors = np.hypot(ex, ey) / np.array([width, height, width, height])
    return bool(factors.min() > 0.08 and factors.max() < 12 and factors.max() < 3 * factors.min())
