"""A background that many pictures share is learned and not counted.

Nothing tells a copy with a sticker from another picture before the same wall, except a person: so the
machine never learns by itself, which an attacker could teach it. When a moderator says "not the same picture", the
tiles that agreed nevertheless are what the two share, and the ban's evidence loses them. Only those that the person could
see: in a picture that hides the ban as a ghost, signs agree of which nobody said that they are harmless.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from .signature import LocalSignature
from .tiles import TileCheck, evidence_tiles, muted

LEAST_LEFT = 8
"""Evidence tiles that must remain; otherwise the ban should be restricted to ``hold`` instead."""


def without_background(ban: LocalSignature, unrelated: Sequence[TileCheck]) -> LocalSignature | None:
    """Return the ban without the tiles that visibly agreed with pictures which a person found to be different ones.

    None where too little would remain: restrict such a ban to ``hold``, or make it exact-only.
    """
    mute = np.zeros(64, dtype=bool)
    for check in unrelated:
        mute |= check.visible
    tiles = muted(ban.tiles, mute)
    if evidence_tiles(tiles).sum() < LEAST_LEFT:
        return None
    return replace(ban, tiles=tiles)
