"""Is the upload, or a part of it, this banned picture? Keypoints propose a transformation, tiles decide."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .descriptors import MIRRORED, NEGATED
from .frames import (
    Matrix,
    Places,
    apply,
    fit_affine,
    fit_homography,
    fit_similarity,
    places,
    sane,
    similarities,
    viewed,
)
from .signature import LocalFeatures, LocalSignature
from .tiles import SAMPLES, Pyramid, TileCheck, compare, inside, warped

NEAR = 34
"""Bits of 128 within which two keypoints may be the same."""
MOST_PAIRS = 240
"""Pairs that propose a transformation."""
THOROUGH_PAIRS = 450
THOROUGH_HYPOTHESES = 6
"""For the likeliest ban, should it not be confirmed at first: polka dots and stripes align one off."""
LEAST_INLIERS = 7
TOLERANCE = 6.0
"""Pixels of the upload's raster, at its scale 1."""
TURN = 25.0
"""Degrees by which a keypoint's angle may differ from the transformation's."""
STRETCH = 0.7
"""Octaves by which a keypoint's scale may differ."""
HYPOTHESES = 3
"""Different transformations of one ban whose tiles are compared; each needs half as many votes as the best."""
ENOUGH = 0.8
"""A tile value at which no other hypothesis is tried."""

COARSE_SAMPLES = 2
"""Samples a cell and axis of the first look at a transformation, a quarter of those that decide."""
HOPELESS = 0.15
"""A tile value of the first look below which there is no second one. At .3 a copy in a thousand was lost, of repeating patterns."""

VIEW_NAMES = ("", "mirrored", "negative", "mirrored negative")


@dataclass(frozen=True, slots=True, eq=False)
class LocalMatch:
    """Evidence that an upload shows a banned picture; whether it is enough is for policy to say."""

    inliers: int
    """Keypoints at distinct places that agree with the transformation."""
    tile: float
    """Share, 0..1, of the ban's evidence tiles under the upload that rise and fall alike."""
    share: float
    """Share, 0..1, of all the ban's evidence tiles."""
    coverage: float
    """Share, 0..1, of the ban that the upload covers, or of the upload that the ban covers, whichever is more. A crop lies
    in the ban, a collage contains it; two pictures of the same carpet overlap at a corner."""
    view: int
    """0..3: bit 0, the upload is a mirror image; bit 1, a negative."""
    transform: tuple[float, ...]
    """Nine numbers, row by row: from pixels of the ban's raster to those of the (mirrored) upload's."""
    check: TileCheck
    keypoints: NDArray[np.uint16]
    """The upload's keypoints that are explained by this ban."""

    @property
    def variant(self) -> str:
        """In words, for the audit: mirrored, negative."""
        return VIEW_NAMES[self.view]

    @property
    def matrix(self) -> Matrix:
        """``transform`` with shape ``(3, 3)``."""
        return np.array(self.transform, dtype=np.float64).reshape(3, 3)


def raster_in_view(raster: NDArray[np.uint8], view: int) -> NDArray[np.uint8]:
    """Return the raster mirrored if the view says so; negation is left to the comparison of signs."""
    return raster[:, ::-1] if view & MIRRORED else raster


class Query:
    """An upload made ready to be verified against several bans."""

    def __init__(self, features: LocalFeatures) -> None:
        self.features = features
        signature = features.signature
        self.row_places = places(signature.geometry).at(features.row_keypoint)
        self.row_words = np.ascontiguousarray(features.row_codes).view(np.uint64)
        self._in_view: dict[int, Places] = {}
        self._rows_in = [np.flatnonzero(features.row_views == view) for view in range(4)]
        self._pyramids: dict[int, Pyramid] = {}

    def in_view(self, view: int) -> Places:
        """Return the places of the rows as they lie in a view of the upload."""
        if view not in self._in_view:
            views = np.full(len(self.features.row_keypoint), view, np.uint8)
            self._in_view[view] = viewed(self.row_places, views, self.features.signature.width)
        return self._in_view[view]

    def rows_in(self, view: int) -> NDArray[np.int64]:
        """Return the rows that read their keypoint in a view."""
        return self._rows_in[view]

    def pyramid(self, view: int) -> Pyramid:
        """Return the pyramid of the raster, mirrored or not; built when first needed."""
        key = view & MIRRORED
        if key not in self._pyramids:
            self._pyramids[key] = Pyramid(raster_in_view(self.features.raster, view))
        return self._pyramids[key]


def verify(
    query: LocalFeatures | Query,
    ban: LocalSignature,
    views: tuple[int, ...] = (0, 1, 2, 3),
    *,
    thorough: bool = False,
) -> LocalMatch | None:
    """Return the best match of an upload with a ban in one of the ``views``, or None below seven inliers.

    ``thorough`` tries more alignments, for repeating patterns, at three times the cost. Raises :class:`ValueError` where the two were made with different models.
    """
    query = query if isinstance(query, Query) else Query(query)
    if query.features.signature.model != ban.model:
        raise ValueError(f"local/{query.features.signature.model} does not compare with local/{ban.model}")
    best: LocalMatch | None = None
    hypotheses = THOROUGH_HYPOTHESES if thorough else HYPOTHESES
    for view in views:
        rows, own = _pairs(query, ban, view, THOROUGH_PAIRS if thorough else MOST_PAIRS)
        if len(rows) < LEAST_INLIERS:
            continue
        for match in _in_view(query, ban, rows, own, view, hypotheses):
            if best is None or (match.share * match.tile, match.inliers) > (
                best.share * best.tile,
                best.inliers,
            ):
                best = match
            if best.tile >= ENOUGH and best.check.agreeing.sum() >= 10:
                return best
    return best


def geometric_inliers(query: Query, other: LocalSignature, view: int) -> int:
    """Return the number of keypoints at distinct places in the best transformation, without a look at pixels."""
    rows, own = _pairs(query, other, view, MOST_PAIRS)
    if len(rows) < LEAST_INLIERS:
        return 0
    upload, banned = query.in_view(view).at(rows), places(other.geometry).at(own)
    return max((distinct(banned.at(i), upload.at(i)) for i in _hypotheses(banned, upload)), default=0)


def _pairs(
    query: Query, ban: LocalSignature, view: int, most: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return row and the ban's keypoint of the ``most`` nearest pairs that may be the same place in this view."""
    theirs = np.ascontiguousarray(ban.codes).view(np.uint64)
    rows, own, bits = [], [], []
    for written in range(
        4
    ):  # a ban's keypoint is met only by rows that are read as it was written, or as the view has it
        mine, its = query.rows_in(view ^ written), np.flatnonzero(ban.geometry[:, 4] == written)
        if not len(mine) or not len(its):
            continue
        words, others = query.row_words[mine], theirs[its]
        distance = np.bitwise_count(words[:, None, 0] ^ others[None, :, 0])
        distance += np.bitwise_count(words[:, None, 1] ^ others[None, :, 1])
        near = np.flatnonzero(distance <= NEAR)
        at, of = np.divmod(near, len(its))
        rows.append(mine[at])
        own.append(its[of])
        bits.append(distance.reshape(-1)[near])
    if not rows:
        none = np.empty(0, dtype=np.int64)
        return none, none
    row, keypoint, distances = np.concatenate(rows), np.concatenate(own), np.concatenate(bits)
    nearest = np.lexsort((keypoint, row, distances))[:most]
    return row[nearest], keypoint[nearest]


def _in_view(
    query: Query,
    ban: LocalSignature,
    rows: NDArray[np.int64],
    own: NDArray[np.int64],
    view: int,
    hypotheses: int,
) -> Iterator[LocalMatch]:
    upload, banned = query.in_view(view).at(rows), places(ban.geometry).at(own)
    for inliers in _hypotheses(banned, upload, hypotheses):
        count = distinct(banned.at(inliers), upload.at(inliers))
        if count < LEAST_INLIERS:
            continue
        best: tuple[float, Matrix, TileCheck] | None = None
        for fit in (fit_similarity, fit_affine, fit_homography):
            matrix = fit(banned.at(inliers), upload.at(inliers))
            if matrix is None or not sane(matrix, ban.width, ban.height):
                continue
            check = _laid_over(query, ban, matrix, view, COARSE_SAMPLES)
            if check.tile >= HOPELESS:
                check = _laid_over(query, ban, matrix, view, SAMPLES)
            value = check.share + check.tile
            if best is None or value > best[0]:
                best = value, matrix, check
        if best is not None:
            _, matrix, check = best
            keypoints = np.unique(query.features.row_keypoint[rows[inliers]])
            yield LocalMatch(
                count,
                check.tile,
                check.share,
                _coverage(query, ban, matrix, view),
                view,
                tuple(float(v) for v in matrix.reshape(-1)),
                check,
                keypoints,
            )


def _laid_over(query: Query, ban: LocalSignature, matrix: Matrix, view: int, samples: int) -> TileCheck:
    cells, usable = warped(query.pyramid(view), matrix, ban.width, ban.height, samples=samples)
    return compare(ban.tiles, cells, usable, negative=bool(view & NEGATED))


def _coverage(query: Query, ban: LocalSignature, matrix: Matrix, view: int) -> float:
    pyramid = query.pyramid(view)
    covered = inside(pyramid, matrix, ban.width, ban.height)
    corners = np.array([0.0, ban.width, ban.width, 0.0]), np.array([0.0, 0.0, ban.height, ban.height])
    x, y = apply(matrix, *corners)
    area = abs(float((x * np.roll(y, -1) - y * np.roll(x, -1)).sum())) / 2
    return max(covered, min(1.0, covered * area / (pyramid.width * pyramid.height)))


def _hypotheses(banned: Places, upload: Places, most: int = HYPOTHESES) -> Iterator[NDArray[np.int64]]:
    """Yield the inliers of the best few transformations, each without the pairs of those before it."""
    a, b, tx, ty = similarities(banned, upload)
    reach = 2.0 * TOLERANCE * np.maximum(np.hypot(a, b), 0.5)
    dx = a[:, None] * banned.x
    dx -= b[:, None] * banned.y
    dx += tx[:, None] - upload.x
    dy = b[:, None] * banned.x
    dy += a[:, None] * banned.y
    dy += ty[:, None] - upload.y
    dx *= dx
    dx += np.multiply(dy, dy, out=dy)
    turned, stretched = (upload.angle - banned.angle) % 360, upload.scale - banned.scale
    turn = np.abs(turned[:, None] - turned)
    alike = np.minimum(turn, 360 - turn) <= TURN
    alike &= np.abs(stretched[:, None] - stretched) <= STRETCH
    agree = alike & (dx <= (reach * reach)[:, None])
    voices = agree.astype(np.float32)  # whole numbers: a product counts them, several times as fast as a sum
    free = np.ones(len(banned.x), dtype=bool)
    needed = LEAST_INLIERS
    for _ in range(most):
        votes = (voices @ free.astype(np.float32)) * free
        leader = int(votes.argmax())
        if votes[leader] < needed:
            return
        needed = max(needed, int(votes[leader]) // 2)
        inliers = np.flatnonzero(agree[leader] & free)
        directed = alike[leader] & free
        for tolerance in (1.5 * TOLERANCE, TOLERANCE, TOLERANCE):
            matrix = fit_affine(banned.at(inliers), upload.at(inliers))
            if matrix is None or not sane(matrix, 256, 256):
                matrix = fit_similarity(banned.at(inliers), upload.at(inliers))
            if matrix is None:
                break
            ux, uy = apply(matrix, banned.x, banned.y)
            size = max(0.5, float(np.sqrt(abs(np.linalg.det(matrix[:2, :2])))))
            kept = np.flatnonzero(directed & (np.hypot(ux - upload.x, uy - upload.y) <= tolerance * size))
            if len(kept) < LEAST_INLIERS:
                break
            settled = np.array_equal(kept, inliers)
            inliers = kept
            if settled:
                break
        yield inliers
        free[inliers] = False


def distinct(banned: Places, upload: Places) -> int:
    """Return the number of pairs at distinct places on both sides, 3 pixels apart: one spot repeated is one."""
    ban_spots = np.unique((banned.x // 3).astype(np.int64) * 100 + (banned.y // 3).astype(np.int64))
    upload_spots = np.unique((upload.x // 3).astype(np.int64) * 100 + (upload.y // 3).astype(np.int64))
    return int(min(len(ban_spots), len(upload_spots)))
