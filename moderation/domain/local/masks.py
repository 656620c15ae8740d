"""Tiles as 64 bits, to be kept and sent about: which agreed, and which of a ban's do not count."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from .signature import LocalSignature
from .tiles import TileCheck, evidence_tiles, muted

MASK_BYTES = 8


def packed_tiles(tiles: NDArray[np.bool_]) -> bytes:
    """Return an array of shape ``(64,)`` as eight bytes."""
    return np.packbits(tiles).tobytes()


def tiles_of(mask: bytes) -> NDArray[np.bool_]:
    """Return an array of shape ``(64,)`` from :func:`packed_tiles`. Raises :class:`ValueError` for another length."""
    if len(mask) != MASK_BYTES:
        raise ValueError(f"a mask of tiles has {MASK_BYTES} bytes, not {len(mask)}")
    return np.unpackbits(np.frombuffer(mask, dtype=np.uint8)).astype(bool)


def without_tiles(signature: LocalSignature, mask: bytes | None) -> LocalSignature:
    """Return the signature with the evidence of the tiles in ``mask`` taken out; itself where there is none."""
    return replace(signature, tiles=muted(signature.tiles, tiles_of(mask))) if mask else signature


def check_again(signature: LocalSignature, seen: bytes, agreeing: bytes) -> TileCheck:
    """Return an earlier comparison as it would come out against ``signature`` now, which may have lost evidence
    since. What agrees is taken to be visible."""
    evidence = evidence_tiles(signature.tiles)
    still = tiles_of(agreeing) & evidence
    return TileCheck(evidence, tiles_of(seen) & evidence, still, still)
