"""Codes as columns of 64-bit words, their bits shuffled.

Hamming distance does not care about the order of the bits, the speed of multi-index hashing does:
neighbouring bits of an image hash come from neighbouring places and agree far too often, so a
chunk of neighbours puts a tenth of all pictures into one bucket. One fixed shuffle spreads every
chunk over the whole picture.
"""

from __future__ import annotations

import hashlib
from functools import cache

import numpy as np
from numpy.typing import NDArray

from moderation.domain.index.contract import Codes

Words = NDArray[np.uint64]
"""Shape ``(bits // 64, n)``: one column of a code per row, so that a scan reads memory in order."""

_BLOCK = 65_536
"""Codes shuffled at a time: unpacked, a bit takes a byte."""


@cache
def _shuffle(bits: int) -> NDArray[np.intp]:
    """Return which bit of the code stands where. Part of the file format: SHA-256 will not change, a library's random
    generator might."""
    order = sorted(range(bits), key=lambda bit: hashlib.sha256(b"%d/%d" % (bits, bit)).digest())
    return np.array(order, np.intp)


def _rearranged(rows: Codes, order: NDArray[np.intp]) -> Codes:
    if len(rows) <= _BLOCK:
        return np.packbits(np.unpackbits(rows, axis=1).take(order, axis=1), axis=1)
    out = np.empty_like(rows)
    for start in range(0, len(rows), _BLOCK):
        out[start : start + _BLOCK] = _rearranged(rows[start : start + _BLOCK], order)
    return out


def to_words(codes: Codes) -> Words:
    """Return columns of shuffled words for codes of shape ``(n, bits // 8)``."""
    shuffled = _rearranged(codes, _shuffle(codes.shape[1] * 8))
    return np.ascontiguousarray(shuffled.view("<u8").T, dtype=np.uint64)


def to_codes(words: Words) -> Codes:
    """Return the codes of words: the inverse of :func:`to_words`."""
    bits = words.shape[0] * 64
    shuffled = np.ascontiguousarray(words.T, dtype="<u8").view(np.uint8).reshape(-1, bits // 8)
    return _rearranged(shuffled, np.argsort(_shuffle(bits)))
