"""How much a match of the second tier is worth, where a blocklist sets nothing else."""

from __future__ import annotations

from .verify import LEAST_INLIERS, LocalMatch

NONE, HOLD, BLOCK = 0, 1, 2

TILE = 0.65
"""Of two different pictures with the same overlay at most .63 agree; of a picture and its edit at least .77."""
BLOCK_TILE = 0.8
"""Two pictures before the same background (75 % of the area) reach .78: a person looks at those."""
HOLD_SHARE = 0.15
BLOCK_SHARE = 0.25
"""What a sticker that moved, of 15 % of the picture, does not reach."""
LEAST_TILES = 4
"""Agreeing tiles below which a share means nothing."""


def strength(match: LocalMatch) -> int:
    """:data:`NONE`, :data:`HOLD` or :data:`BLOCK`: what the evidence supports at most."""
    if match.inliers < LEAST_INLIERS or match.tile < TILE or match.share < HOLD_SHARE:
        return NONE
    if match.check.agreeing.sum() < LEAST_TILES:
        return NONE
    return BLOCK if match.share >= BLOCK_SHARE and match.tile >= BLOCK_TILE else HOLD
