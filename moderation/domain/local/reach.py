"""A new ban against the stored signatures of earlier uploads.

No pixels of uploads are kept in their signatures, so this finds those that *may* show the ban: seven keypoints in one
transformation. They are then screened again in the ordinary way: their file is decoded in the sandbox and the
tiles decide. Of unrelated uploads about one in a thousand gets that far.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from .budget import LocalBudget
from .hough import cast, score
from .layer import Layer, packed
from .model import neighbouring_words
from .neighbours import neighbours
from .signature import LocalFeatures, LocalSignature
from .verify import LEAST_INLIERS, Query, geometric_inliers

UPLOADS_PER_STEP = 400
"""Uploads compared in one step."""
REACH_BUDGET = LocalBudget(
    checks=4_000_000,
    neighbours=400,
    most_neighbours=400,
    few_rows=0,
    matches=400_000,
    shortlist=UPLOADS_PER_STEP * 4,
    verified=UPLOADS_PER_STEP * 4,
)
MANY_BUDGET = LocalBudget()
Load = Callable[[Iterable[int]], Mapping[int, LocalSignature]]
"""Stored signatures of items, see :data:`.recognise.Load`."""


@dataclass(frozen=True, slots=True)
class Reached:
    """An earlier upload that may show the ban."""

    upload: int
    inliers: int


def probing(signature: LocalSignature, near: int = 4) -> LocalFeatures:
    """Return a stored signature as a query, without pixels: it looks into the ``near`` × ``near`` cells about each
    keypoint."""
    words = neighbouring_words(near)
    first = words[0][signature.words[:, 0]].astype(np.uint32)
    second = words[1][signature.words[:, 1]].astype(np.uint32)
    probes = ((first[:, :, None] << np.uint32(10)) | second[:, None, :]).reshape(len(signature), near * near)
    raster: NDArray[np.uint8] = np.empty((0, 0), dtype=np.uint8)
    number = np.arange(len(signature), dtype=np.uint16)
    return LocalFeatures(signature, number, signature.codes, signature.geometry[:, 4].copy(), probes, raster)


class Stretch:
    """Stored signatures of some uploads, packed once for all bans that are compared with them.

    An upload may be in it several times, a view each. About 0.13 ms an upload, and 0.03 ms more a ban.
    """

    def __init__(self, uploads: Sequence[tuple[int, LocalSignature]]) -> None:
        self._uploads = uploads
        self._layer = packed((signature, number) for number, (_, signature) in enumerate(uploads))

    def showing(self, ban: Query) -> list[Reached]:
        """Return those that may show a ban, which :func:`probing` has made a query of."""
        features = ban.features
        pairs, _, _ = neighbours((self._layer,), features.row_codes, features.probes, REACH_BUDGET)
        if not len(pairs.row):
            return []
        votes = cast((self._layer,), pairs, ban.row_places, features.row_views, features.signature.width)
        candidates, _ = score(votes, REACH_BUDGET, set())
        found: dict[int, int] = {}
        for candidate in candidates:
            upload, signature = self._uploads[candidate.item]
            inliers = geometric_inliers(ban, signature, candidate.view)
            if inliers >= LEAST_INLIERS:
                found[upload] = max(inliers, found.get(upload, 0))
        return [Reached(upload, inliers) for upload, inliers in found.items()]


def reached(ban: LocalSignature, uploads: Iterable[tuple[int, LocalSignature]]) -> Iterator[Reached]:
    """Yield those of the uploads that may show the ban, in the order in which they come.

    An iterator over batches of :data:`UPLOADS_PER_STEP`: the caller feeds it from a cursor and remembers where it was, so that the work
    can stop and go on. An upload may come several times, a view each.
    """
    query = Query(probing(ban))
    source = (pair for pair in uploads if pair[1].model == ban.model)
    while batch := list(islice(source, UPLOADS_PER_STEP)):
        yield from Stretch(batch).showing(query)


def shows_one(upload: LocalSignature, layers: tuple[Layer, ...], load: Load, wanted: Container[int]) -> bool:
    """Return whether an upload may show one of the ``wanted`` items of an index: for many bans at once.

    As many candidates are looked at as a screening verifies. Its time hardly depends on how many are wanted.
    """
    if not layers or not len(upload):
        return False
    query = Query(probing(upload))
    features = query.features
    pairs, _, _ = neighbours(layers, features.row_codes, features.probes, MANY_BUDGET)
    if not len(pairs.row):
        return False
    votes = cast(layers, pairs, query.row_places, features.row_views, features.signature.width)
    found, _ = score(votes, MANY_BUDGET, set())
    candidates = [one for one in found if one.item in wanted][: MANY_BUDGET.verified * MANY_BUDGET.rounds]
    signatures = load({candidate.item for candidate in candidates})
    return any(
        geometric_inliers(query, signatures[one.item], one.view) >= LEAST_INLIERS
        for one in candidates
        if one.item in signatures
    )
