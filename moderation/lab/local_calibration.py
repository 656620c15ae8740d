"""How often does one innocent picture show another? The second tier over a sample, each picture as upload and as ban."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from moderation.domain.local.features import BAN_KEYPOINTS
from moderation.domain.local.index import LocalIndex
from moderation.domain.local.recognise import Load, recognise
from moderation.domain.local.signature import LocalFeatures, LocalSignature
from moderation.domain.local.strength import BLOCK, strength
from moderation.lab.calibration import upper_bound

NEAREST = 20
Progress = Callable[[int, int], None]


@dataclass(slots=True)
class InnocentHits:
    """What innocent pictures showed."""

    pictures: int = 0
    held: int = 0
    """Pictures that showed another, at least worth a hold."""
    blocked: int = 0
    pairs_held: int = 0
    """Unordered pairs, in either order."""
    pairs_blocked: int = 0
    nearest: list[tuple[float, str, str]] = field(default_factory=list)
    """Share of a ban's evidence that agreed, upload and ban: worth a look, they may be the same picture after all."""

    @property
    def pairs(self) -> int:
        """Unordered pairs compared."""
        return self.pictures * (self.pictures - 1) // 2

    def flagged(self, *, entries: int, block: bool) -> float:
        """Share of innocent uploads that a list of ``entries`` may flag, by the 95 % bound of the rate per pair."""
        rate = upper_bound(self.pairs_blocked if block else self.pairs_held, self.pairs)
        return -math.expm1(entries * math.log1p(-rate)) if rate < 1 else 1.0


def among(
    pictures: Mapping[str, Sequence[LocalFeatures]], *, progress: Progress = lambda done, total: None
) -> InnocentHits:
    """Compare every picture, as an upload, with all others, as bans. They have to be different pictures."""
    names = list(pictures)
    bans = [
        (one.signature.strongest(BAN_KEYPOINTS), owner)
        for owner, name in enumerate(names)
        for one in pictures[name]
    ]
    index = LocalIndex.build((signature, item) for item, (signature, _) in enumerate(bans, 1))

    def load(items: Iterable[int]) -> dict[int, LocalSignature]:
        return {item: bans[item - 1][0] for item in items}

    found = InnocentHits(pictures=len(names))
    held: set[tuple[int, int]] = set()
    blocked: set[tuple[int, int]] = set()
    for number, name in enumerate(names):
        hits = []
        for hit in recognise(pictures[name], index, load).hits:
            owner = bans[hit.item - 1][1]
            if owner != number:
                hits.append((hit.match, owner))
        for match, owner in hits:
            pair = (min(number, owner), max(number, owner))
            held.add(pair)
            if strength(match) >= BLOCK:
                blocked.add(pair)
            found.nearest.append((match.share, name, names[owner]))
        found.held += bool(hits)
        found.blocked += any(strength(match) >= BLOCK for match, _ in hits)
        progress(number + 1, len(names))
    found.pairs_held, found.pairs_blocked = len(held), len(blocked)
    found.nearest = sorted(found.nearest, reverse=True)[:NEAREST]
    return found


def against(
    pictures: Mapping[str, Sequence[LocalFeatures]],
    index: LocalIndex,
    load: Load,
    *,
    progress: Progress = lambda done, total: None,
) -> tuple[InnocentHits, list[tuple[str, int]]]:
    """Compare every picture with a list as it is; the second part names what they showed, for a look."""
    found = InnocentHits(pictures=len(pictures))
    shown: list[tuple[str, int]] = []
    for number, (name, features) in enumerate(pictures.items(), 1):
        hits = recognise(features, index, load).hits
        shown += [(name, hit.item) for hit in hits]
        found.held += bool(hits)
        found.blocked += any(strength(hit.match) >= BLOCK for hit in hits)
        progress(number, len(pictures))
    return found, shown
