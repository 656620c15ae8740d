"""A new ban against the stored signatures of earlier uploads.

No pixels of uploads are kept in their signatures, so this finds those that *may* show the ban: seven keypoints in one
transformation. They are then screened again in the ordinary way: their file is decoded in the sandbox and the
tiles decide. Of unrelated uploads about one in a thousand gets that far.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from .caps import LocalCaps
from .layer import packed
from .model import neighbouring_words
from .neighbours import neighbours
from .signature import LocalFeatures, LocalSignature
from .verify import LEAST_INLIERS, Query, geometric_inliers
from .votes import ballot, counted

BATCH = 400
"""Uploads compared in one step."""
REACH_CAPS = LocalCaps(
    checks=4_000_000, neighbours=400, matches=400_000, shortlist=BATCH * 4, verified=BATCH * 4
)


@dataclass(frozen=True, slots=True)
class Reached:
    """An earlier upload that may show the ban."""

    upload: int
    inliers: int


def probing(signature: LocalSignature, near: int = 4) -> LocalFeatures:
    """A stored signature as a query: it looks into the ``near`` × ``near`` cells about each keypoint. Without pixels."""
    words = neighbouring_words(near)
    first = words[0][signature.words[:, 0]].astype(np.uint32)
    second = words[1][signature.words[:, 1]].astype(np.uint32)
    probes = ((first[:, :, None] << np.uint32(10)) | second[:, None, :]).reshape(len(signature), near * near)
    raster: NDArray[np.uint8] = np.empty((0, 0), dtype=np.uint8)
    number = np.arange(len(signature), dtype=np.uint16)
    return LocalFeatures(signature, number, signature.codes, signature.geometry[:, 4].copy(), probes, raster)


def reached(ban: LocalSignature, uploads: Iterable[tuple[int, LocalSignature]]) -> Iterator[Reached]:
    """Those of the uploads that may show the ban, in the order in which they come.

    An iterator over batches of :data:`BATCH`: the caller feeds it from a cursor and remembers where it was, so that the work
    can stop and go on. An upload may come several times, a view each.
    """
    features = probing(ban)
    query = Query(features)
    source = (pair for pair in uploads if pair[1].model == ban.model)
    while batch := list(islice(source, BATCH)):
        yield from _batch(query, batch)


def _batch(query: Query, batch: list[tuple[int, LocalSignature]]) -> list[Reached]:
    features = query.features
    layer = packed((signature, number) for number, (_, signature) in enumerate(batch))
    pairs, _, _ = neighbours((layer,), features.row_codes, features.probes, REACH_CAPS)
    if not len(pairs.row):
        return []
    cast = ballot((layer,), pairs, query.row_places, features.row_views, features.signature.width)
    candidates, _ = counted(cast, REACH_CAPS, set())
    found: dict[int, int] = {}
    for candidate in candidates:
        upload, signature = batch[candidate.item]
        inliers = geometric_inliers(query, signature, candidate.view)
        if inliers >= LEAST_INLIERS:
            found[upload] = max(inliers, found.get(upload, 0))
    return [Reached(upload, inliers) for upload, inliers in found.items()]
