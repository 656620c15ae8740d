"""What makes a picture a poor ban: said when it is banned, not found out by those whom it flags."""

from __future__ import annotations

import numpy as np

from .frames import places
from .signature import LocalSignature
from .tiles import evidence_tiles

FEW_KEYPOINTS = 30
FEW_TILES = 12
"""Of 64 tiles with contrast; below, most of the evidence is a uniform area."""
ALIKE = 20
"""Bits of 128 within which two keypoints of one picture are the same pattern."""
APART = 12.0
"""Pixels between them, so that one spot read twice is not a pattern."""
REPEATING = 0.5
"""Share of keypoints that come back elsewhere in the picture."""


def repetition(signature: LocalSignature) -> float:
    """Share, 0..1, of the keypoints that have a twin elsewhere in the picture."""
    count = len(signature)
    if count < 2:
        return 0.0
    words = np.ascontiguousarray(signature.codes).view(np.uint64)
    distance = sum(
        np.bitwise_count(words[:, None, half] ^ words[None, :, half]).astype(np.int64) for half in range(2)
    )
    where = places(signature.geometry)
    apart = np.hypot(where.x[:, None] - where.x, where.y[:, None] - where.y) > APART
    twins = (np.asarray(distance) <= ALIKE) & apart
    return float(twins.any(axis=1).mean())


def warnings(signature: LocalSignature) -> tuple[str, ...]:
    """Return short machine codes: ``few_keypoints``, ``uniform``, ``repeating``."""
    found = []
    if len(signature) < FEW_KEYPOINTS:
        found.append("few_keypoints")
    if evidence_tiles(signature.tiles).sum() < FEW_TILES:
        found.append("uniform")
    if repetition(signature) > REPEATING:
        found.append("repeating")
    return tuple(found)
