"""Lay an upload's patch over a ban's and say what the agreement is worth: block, hold, or nothing.

Only where the *ban* rises or falls is there something particular to it; level ground has no step, so it counts for
nothing. The 2,048 steps lie in 8 × 8 tiles. Of unrelated pictures half of the signs are equal; of a copy nearly all
are, and what an edit has spoilt (clipped light, blur) lacks contrast rather than contradicts. So three things are
asked: how much agrees, whether it agrees everywhere and not only around another picture, and how often both rise
steeply in opposite directions.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from moderation.domain.evidence.signs import SIDE, eight_steps, unpack
from moderation.domain.local.windows import WINDOWS

EvidenceBand = Literal["block", "hold", "nothing"]
BANDS: tuple[EvidenceBand, ...] = ("block", "hold", "nothing")
"""The strongest first."""

TILES = 8
"""Tiles along a side; each has 4 × 4 steps to the right and as many downwards."""
LEAST_EVIDENCE = 8
"""Of a tile's 32 steps, those with contrast in the ban that make it a place that is particular to it."""
EQUAL = 0.8
"""Share of equal signs from which a place agrees."""
DIFFERS = 0.7
"""Share of equal signs below which a place differs."""
WINDOW_PLACES = 5
"""Places of a half, or of the middle, from which it is asked whether it agrees."""
MOST_PATCHES = 6
"""Patches of a ban that an upload is laid over, those that fit best: a photograph has one or two, an animation many."""

# The thresholds are fitted on one set of layouts and of edits, and measured on another: docs/decisions/evidence.md.
NEARLY_ALL, NEARLY_ALL_PLACES, NEARLY_ALL_OPPOSED = 0.85, 11, 0.005
"""Block: this share of so many places agrees, and hardly a steep step is opposed."""
LEAST_TURNS, TURNS_A_PLACE, RICH_TURNS = 60, 2, 6
"""Changes between rising and falling, altogether and for each place, of a ban that may block so: two discs, or two
lights in the dark, are alike at all places and have few; below the last no place may differ."""
ALL_PLACES, ALL_BITS, ALL_TURNS_A_PLACE = 6, 0.97, 3
"""Block, for a ban with little in it: all of so many places agree, and so many steps, and none is opposed."""
MANY_PLACES, MANY_STEPS, MANY_STRONG, MANY_OPPOSED, MOST_DIFFERING, HALF_AGREES = (
    31,
    600,
    0.83,
    0.05,
    12,
    0.55,
)
"""Block, with something laid over it: so many *agreeing* places and steps, so much of the ban's steep steps, at
most so many opposed to the right and so many differing places, and no half of which less agrees."""
HALF_HOLDS, HALF_OPPOSED = 0.2, 0.45
"""Nothing: of a half, or of the middle, less agrees, and of what is missing so much is opposed. The rest is a ground
that both have; what only hides a part, a flat sticker, lacks contrast and opposes little."""
OPPOSED, OPPOSED_BITS = 0.96, 0.01
"""Nothing: so much of what is missing is opposed. What an edit spoils lacks contrast; another picture has its own."""
OPPOSED_STEEPLY, OPPOSED_HALF = 0.035, 0.3
"""But where hardly a steep step is, and of each half so much agrees: fine stripes and weaves, which a change of size turns into
other stripes, are opposed in their weak steps."""
HOLD_STEPS, HOLD_BITS = 400, 0.68
"""Hold: so many steps of which so many are equal. Of photographs turned by 5°, .77 and more are."""
HOLD_FEW_STEPS, HOLD_FEW_BITS = 100, 0.84
"""The same for bans with little in them."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What one aligned look at the pixels says of a hit."""

    band: EvidenceBand
    """The most that it supports."""
    places: int
    """Tiles of the ban with contrast, of 64: what is particular to it."""
    agreeing: bytes
    """A bit for each of the 64 tiles, row by row as the ban lies: where the upload has the same."""
    differing: bytes
    """The same for the places in which the upload has something else."""

    @property
    def agree(self) -> int:
        """How many of the places agree."""
        return int.from_bytes(self.agreeing, "big").bit_count()

    def details(self) -> dict[str, int | str]:
        """Return what is kept with a match: counts, and the masks of tiles in hexadecimal."""
        return {
            "evidence": self.band,
            "places": self.places,
            "agree": self.agree,
            "agreeing": self.agreeing.hex(),
            "differing": self.differing.hex(),
        }


class Side:
    """What one picture brings to a comparison: its patches, turned when first needed."""

    def __init__(self, steps: NDArray[np.int8]) -> None:
        self.steps = steps
        """Shape ``(patches, 2, 32, 32)``, −3 to 3."""

    @classmethod
    def of(cls, records: Iterable[bytes]) -> Side:
        """Read records. Raises :class:`~moderation.domain.evidence.signs.BadSigns`."""
        return cls(unpack(list(records)))

    @cached_property
    def turned(self) -> NDArray[np.int8]:
        """Return the steps in all orientations, shape ``(patches * 8, 2, 32, 32)``."""
        return eight_steps(self.steps).reshape(-1, 2, SIDE, SIDE)

    @cached_property
    def directions(self) -> NDArray[np.float32]:
        """Return the signs in all orientations, shape ``(patches * 8, 2048)``."""
        return np.sign(self.turned).reshape(-1, 2 * SIDE * SIDE).astype(np.float32)

    @cached_property
    def particular(self) -> NDArray[np.float32]:
        """Return the signs of what has contrast, as they are, shape ``(patches, 2048)``; 0 elsewhere."""
        steps = self.steps.reshape(-1, 2 * SIDE * SIDE)
        return np.asarray(np.sign(steps) * (np.abs(steps) >= 2), dtype=np.float32)


def weigh(upload: Side, ban: Side) -> Evidence | None:
    """Return the strongest evidence, with each of the ban's patches laid over the upload's as it fits best: patch,
    orientation and negative.

    None where either has no patch, or the ban's have no contrast: nothing can be said then.
    """
    weight = np.abs(ban.particular).sum(axis=1)
    if not len(upload.steps) or not weight.any():
        return None
    score = upload.directions @ ban.particular.T / np.maximum(weight, 1)
    likeness = np.abs(score).max(axis=0)
    found = []
    for its in np.argsort(-likeness, kind="stable")[:MOST_PATCHES].tolist():
        if weight[its]:
            mine = int(np.abs(score[:, its]).argmax())
            steps = upload.turned[mine]
            found.append(_laid_over(-steps if score[mine, its] < 0 else steps, ban.steps[its]))
    return min(found, key=lambda one: (BANDS.index(one.band), -one.agree))


def _laid_over(upload: NDArray[np.int8], ban: NDArray[np.int8]) -> Evidence:
    agreeing, differing, measured = measure(upload, ban)
    return Evidence(
        band_of(measured), measured.places, np.packbits(agreeing).tobytes(), np.packbits(differing).tobytes()
    )


@dataclass(frozen=True, slots=True)
class Measures:
    """What is counted where an upload's patch lies over a ban's; the rule reads nothing else."""

    places: int
    """Tiles of the ban with contrast."""
    agree: int
    differ: int
    half: float
    """Least share of agreeing places in a half of the ban, or in its middle."""
    steps: int
    """Of the ban, those with contrast."""
    bits: float
    """Share of them with equal signs."""
    strong: float
    """The same of the ban's steep steps."""
    opposed: float
    """Share of opposite signs among steps to the right that have contrast in both."""
    steeply_opposed: float
    """The same among all that are steep in both."""
    turns: int
    """How often the ban changes between rising and falling: a disc of any colour does so once a row."""


def measure(
    upload: NDArray[np.int8], ban: NDArray[np.int8]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_], Measures]:
    """Return agreeing and differing places, shape ``(64,)``, and what is counted; of steps of shape ``(2, 32, 32)``."""
    counted = np.abs(ban) >= 2
    same = np.sign(upload) == np.sign(ban)
    total = int(counted.sum())
    by_tile = _by_tile(counted)
    equal = _by_tile(counted & same)
    places = by_tile >= LEAST_EVIDENCE
    agreeing = places & (equal >= EQUAL * by_tile)
    differing = places & (equal < DIFFERS * by_tile)
    in_window, agree_there = WINDOWS @ places.astype(np.int64), WINDOWS @ agreeing.astype(np.int64)
    asked = in_window >= WINDOW_PLACES
    both = counted & (np.abs(upload) >= 2)
    steep = np.abs(ban) == 3
    return (
        agreeing,
        differing,
        Measures(
            places=int(places.sum()),
            agree=int(agreeing.sum()),
            differ=int(differing.sum()),
            half=float((agree_there[asked] / in_window[asked]).min()) if asked.any() else 1.0,
            steps=total,
            bits=float(equal.sum()) / max(1, total),
            strong=_share(same, steep, empty=1.0),
            opposed=_share(~same[0], both[0]),
            steeply_opposed=_share(~same, steep & (np.abs(upload) == 3)),
            turns=_turns(np.where(counted[0], ban[0], 0)) + _turns(np.where(counted[1], ban[1], 0).T),
        ),
    )


def band_of(measured: Measures) -> EvidenceBand:
    """Apply the rule."""
    if _nearly_all(measured) or _all_of_little(measured) or _under_something(measured):
        return "block"
    missing = 1 - measured.bits
    if measured.half < HALF_HOLDS and measured.opposed > HALF_OPPOSED * missing:
        return "nothing"
    contradicted = measured.steeply_opposed > OPPOSED_STEEPLY or measured.half < OPPOSED_HALF
    if contradicted and measured.opposed > OPPOSED * missing + OPPOSED_BITS:
        return "nothing"
    if measured.steps >= HOLD_STEPS and measured.bits >= HOLD_BITS:
        return "hold"
    if measured.steps >= HOLD_FEW_STEPS and measured.bits >= HOLD_FEW_BITS:
        return "hold"
    return "nothing"


def _nearly_all(measured: Measures) -> bool:
    return (
        measured.places >= NEARLY_ALL_PLACES
        and measured.agree >= NEARLY_ALL * measured.places
        and measured.steeply_opposed <= NEARLY_ALL_OPPOSED
        and measured.turns >= max(LEAST_TURNS, TURNS_A_PLACE * measured.places)
        and (measured.differ == 0 or measured.turns >= RICH_TURNS * measured.places)
    )


def _all_of_little(measured: Measures) -> bool:
    return (
        measured.agree == measured.places >= ALL_PLACES
        and measured.bits >= ALL_BITS
        and measured.steeply_opposed == 0
        and measured.turns >= ALL_TURNS_A_PLACE * measured.places
    )


def _under_something(measured: Measures) -> bool:
    return (
        measured.agree >= MANY_PLACES
        and measured.steps >= MANY_STEPS
        and measured.differ <= MOST_DIFFERING
        and measured.half >= HALF_AGREES
        and measured.strong >= MANY_STRONG
        and measured.opposed <= MANY_OPPOSED
        and measured.turns >= TURNS_A_PLACE * measured.places
    )


def _turns(steps: NDArray[np.int8]) -> int:
    """Count the changes of sign along the rows, over level ground too."""
    before = np.maximum.accumulate(np.where(steps != 0, np.arange(steps.shape[1]), 0), axis=1)[:, :-1]
    last = np.take_along_axis(steps, before, axis=1)
    return int((last * np.sign(steps[:, 1:]) < 0).sum())


def _by_tile(steps: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return how many of the steps of each tile are true, shape ``(64,)``."""
    side = SIDE // TILES
    return np.asarray(
        steps.reshape(2, TILES, side, TILES, side).sum(axis=(0, 2, 4)).reshape(-1), dtype=np.int64
    )


def _share(what: NDArray[np.bool_], among: NDArray[np.bool_], *, empty: float = 0.0) -> float:
    count = int(among.sum())
    return float((what & among).sum()) / count if count else empty
