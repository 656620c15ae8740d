"""Hits of fingerprints are candidates: each is given the evidence that the pixels hold for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from moderation.domain.analysis import PatchSigns
from moderation.domain.evidence.weighing import Evidence, Side, weigh
from moderation.domain.policy import EXACT_METHODS, LOCAL, Hit


def is_candidate(hit: Hit) -> bool:
    """Return whether a hit has to be weighed: one of a fingerprint, that has no evidence yet."""
    return hit.evidence is None and hit.method not in EXACT_METHODS and not hit.method.startswith(LOCAL)


def weighed(
    signs: Sequence[PatchSigns] | None, hits: Iterable[Hit], entries: Mapping[int, Side]
) -> list[Hit]:
    """Return the hits, the candidates among them with their evidence.

    ``signs`` are the upload's, ``entries`` those of banned images. Where either lacks, a hit stays as it is: policy
    lets it hold and no more.
    """
    views: dict[int, Side] = {}
    pairs: dict[tuple[int, int], Evidence | None] = {}
    result = []
    for hit in hits:
        if signs and is_candidate(hit) and hit.banned in entries:
            pair = hit.banned, hit.view
            if pair not in pairs:
                if hit.view not in views:
                    views[hit.view] = Side.of(one.data for one in signs if one.view == hit.view)
                pairs[pair] = weigh(views[hit.view], entries[hit.banned])
            hit = replace(hit, evidence=pairs[pair])
        result.append(hit)
    return result
