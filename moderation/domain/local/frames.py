"""Where keypoints lie, and the transformations between a ban's frame and an upload's.

A mirrored view of the upload is handled by mirroring its keypoints, so that every transformation here
preserves orientation. Coordinates are pixels of the rasters (longest side 256).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import hypot

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
        """Return the places of these keypoints."""
        return Places(self.x[which], self.y[which], self.scale[which], self.angle[which])


def places(geometry: NDArray[np.uint8]) -> Places:
    """Return the places in stored bytes of shape ``(n, 5)`` or ``(n, 4)``."""
    g = geometry.astype(np.float32)
    unit = np.float32((SIDE - 1) / 255)
    return Places(
        g[:, 0] * unit, g[:, 1] * unit, g[:, 2] / np.float32(SCALE_STEPS), g[:, 3] * np.float32(360 / 256)
    )


def viewed(p: Places, views: NDArray[np.uint8], width: int) -> Places:
    """Return each keypoint as it lies in a view of its picture: ``views`` has shape ``(n,)``, values 0..3."""
    mirrored = (views & MIRRORED) != 0
    x = np.where(mirrored, width - 1 - p.x, p.x)
    angle = np.where(mirrored, 180 - p.angle, p.angle) + np.where(views & NEGATED, 180, 0)
    return Places(x.astype(np.float32), p.y, p.scale, (angle % 360).astype(np.float32))


def similarities(ban: Places, upload: Places) -> tuple[NDArray[np.float32], ...]:
    """Return one similarity per match, from the ban's frame to the upload's: ``(a, b, tx, ty)`` with ``x' = a·x − b·y
    + tx``, ``y' = b·x + a·y + ty``."""
    factor = np.exp2(upload.scale - ban.scale)
    turn = np.deg2rad(upload.angle - ban.angle)
    a, b = factor * np.cos(turn), factor * np.sin(turn)
    return a, b, upload.x - (a * ban.x - b * ban.y), upload.y - (b * ban.x + a * ban.y)


def apply(
    matrix: Matrix, x: NDArray[np.floating], y: NDArray[np.floating]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return points of the ban's frame in the upload's; far away where they have no image."""
    w = matrix[2, 0] * x + matrix[2, 1] * y + matrix[2, 2]
    w = np.where(w > 1e-6, w, 1e-6)
    return (matrix[0, 0] * x + matrix[0, 1] * y + matrix[0, 2]) / w, (
        matrix[1, 0] * x + matrix[1, 1] * y + matrix[1, 2]
    ) / w


def _centred(p: Places) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return points relative to their mean, shape ``(n, 2)``, and the mean."""
    points = np.stack([p.x, p.y], axis=1).astype(np.float64)
    mean = points.sum(axis=0) / len(points)
    return points - mean, mean


def fit_similarity(ban: Places, upload: Places) -> Matrix | None:
    """Return the least-squares similarity; None where the points do not determine one."""
    (own, own_mean), (their, their_mean) = _centred(ban), _centred(upload)
    spread = float((own * own).sum())
    if spread < 1:
        return None
    a = float((own * their).sum()) / spread
    b = float((own[:, 0] * their[:, 1] - own[:, 1] * their[:, 0]).sum()) / spread
    return _affine(np.array([[a, -b], [b, a]]), own_mean, their_mean)


def fit_affine(ban: Places, upload: Places) -> Matrix | None:
    """Return the least-squares affine transformation; None for fewer than four points or points on a line."""
    if len(ban.x) < 4:
        return None
    (own, own_mean), (their, their_mean) = _centred(ban), _centred(upload)
    (xx, xy), (_, yy) = (own.T @ own).tolist()
    determinant = xx * yy - xy * xy
    if determinant < 1e-3 * max(1.0, xx + yy) ** 2:
        return None
    inverse = np.array([[yy, -xy], [-xy, xx]]) / determinant
    return _affine((inverse @ (own.T @ their)).T, own_mean, their_mean)


def _affine(linear: NDArray[np.float64], centre: NDArray[np.float64], onto: NDArray[np.float64]) -> Matrix:
    matrix = np.eye(3)
    matrix[:2, :2], matrix[:2, 2] = linear, onto - linear @ centre
    return matrix


def fit_homography(ban: Places, upload: Places) -> Matrix | None:
    """Return the homography by direct linear transformation, normalised (Hartley, 1997); None for fewer than eight
    points."""
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
    """Return whether the ban's frame stays a convex, not too oblong quadrangle of the right orientation and size."""
    (m00, m01, m02), (m10, m11, m12), (m20, m21, m22) = matrix.tolist()
    corners = []
    for x, y in ((0.0, 0.0), (width, 0.0), (width, height), (0.0, height)):
        w = m20 * x + m21 * y + m22
        if not w >= 0.2:
            return False
        corners.append(((m00 * x + m01 * y + m02) / w, (m10 * x + m11 * y + m12) / w))
    edges = [(corners[(i + 1) % 4][0] - x, corners[(i + 1) % 4][1] - y) for i, (x, y) in enumerate(corners)]
    for (ax, ay), (bx, by) in zip(edges, edges[1:] + edges[:1], strict=True):
        if ax * by - ay * bx <= 0:
            return False
    factors = [hypot(*edge) / side for edge, side in zip(edges, (width, height, width, height), strict=True)]
    return min(factors) > 0.08 and max(factors) < 12 and max(factors) < 3 * min(factors)
