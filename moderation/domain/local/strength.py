"""How much a match of the second tier is worth, where a blocklist sets nothing else."""

from __future__ import annotations

from .tiles import TileCheck
from .verify import LEAST_INLIERS, LocalMatch
from .windows import WINDOWS

NONE, HOLD, BLOCK = 0, 1, 2

TILE = 0.68
"""Of two different pictures with the same overlay at most .63 agree outside collages and backgrounds, of a picture and its edit
at least .77 (.69 in a collage that cut half of it away)."""
LOPSIDED_TILE = 0.85
LOPSIDED = 0.4
LOPSIDED_TILES = 5
"""Below ``LOPSIDED_TILE``, a half of the ban or its middle with so many tiles and hardly any that agree is another picture beside the
same neighbour, or before the same background. The tiles that a text or a round mask spoils lie elsewhere."""
FEW_INLIERS = 12
FEW_TILE = 0.75
"""Fewer keypoints than that may agree by chance in two pictures that are lit and composed alike; of a blurred copy, which has as
few, nearly all tiles agree."""
COVERAGE = 0.5
"""See :attr:`LocalMatch.coverage`."""
BLOCK_TILE = 0.8
"""Two pictures before the same background (75 % of the area) reach .78."""
HOLD_SHARE = 0.15
BLOCK_SHARE = 0.25
"""What a sticker that moved, of 15 % of the picture, does not reach."""
LEAST_TILES = 4
"""Agreeing tiles below which a share means nothing."""


def lopsided(check: TileCheck) -> bool:
    """Return whether a whole half, or the middle, of what the upload covers is something else."""
    seen, agreeing = WINDOWS @ check.seen.astype("int64"), WINDOWS @ check.agreeing.astype("int64")
    return bool(((seen >= LOPSIDED_TILES) & (agreeing < LOPSIDED * seen)).any())


def strength(match: LocalMatch) -> int:
    """Return :data:`NONE`, :data:`HOLD` or :data:`BLOCK`: what the evidence supports at most."""
    if match.inliers < LEAST_INLIERS or match.tile < TILE or match.share < HOLD_SHARE:
        return NONE
    if match.inliers < FEW_INLIERS and match.tile < FEW_TILE:
        return NONE
    if match.tile < LOPSIDED_TILE and lopsided(match.check):
        return NONE
    if match.coverage < COVERAGE or match.check.agreeing.sum() < LEAST_TILES:
        return NONE
    return BLOCK if match.share >= BLOCK_SHARE and match.tile >= BLOCK_TILE else HOLD
