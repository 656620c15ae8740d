"""Codes of fingerprints: how far apart they are, and as text."""

from __future__ import annotations

import re

from moderation.domain.algorithms import algorithm_named

CONSTANT_BITS = 16
"""A code is nearly constant where at most one bit in so many differs from all others. Among 46,000 codes of 700
photographs and avatars that are not flat, the least balanced had 49 of 256 such bits (dhash256) and 10 of 64
(dhash64), but for three of whash64, which were constant."""
NEARLY_CONSTANT = "The hash is constant, or nearly so, as that of a flat picture: it would match all of them."

_HEX = re.compile(r"(?:0[xX])?([0-9a-fA-F]+)")


def hamming(a: bytes, b: bytes) -> int:
    """Count the different bits; raise :class:`ValueError` when the codes differ in width."""
    if len(a) != len(b):
        raise ValueError(f"Codes of {len(a) * 8} and {len(b) * 8} bits do not compare.")
    return (int.from_bytes(a, "big") ^ int.from_bytes(b, "big")).bit_count()


def nearly_constant(bits: bytes) -> bool:
    """Return whether a code says nothing of a picture, since all its bits, or nearly all, are equal."""
    ones = int.from_bytes(bits, "big").bit_count()
    return min(ones, len(bits) * 8 - ones) * CONSTANT_BITS <= len(bits) * 8


def parse_code(algorithm: str, text: str) -> bytes:
    """Read a code from what imagehash's ``str()`` and the PDQ tools print: hexadecimal, most significant bit first.

    Raises :class:`UnknownAlgorithm`, and :class:`ValueError` for text that is no code of this algorithm.
    """
    bits = algorithm_named(algorithm).bits
    digits = _HEX.fullmatch(text.strip())
    if digits is None or len(digits[1]) != bits // 4:
        raise ValueError(f"A {algorithm} hash has {bits // 4} hexadecimal digits.")
    return bytes.fromhex(digits[1])


def format_code(bits: bytes) -> str:
    """Write a code as imagehash's ``str()`` and the PDQ tools print it."""
    return bits.hex()
