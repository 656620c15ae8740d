"""Codes of fingerprints: how far apart they are, and as text."""

from __future__ import annotations

import re

from moderation.domain.algorithms import algorithm_named

_HEX = re.compile(r"(?:0[xX])?([0-9a-fA-F]+)")


def hamming(a: bytes, b: bytes) -> int:
    """Count the different bits; raise :class:`ValueError` when the codes differ in width."""
    if len(a) != len(b):
        raise ValueError(f"Codes of {len(a) * 8} and {len(b) * 8} bits do not compare.")
    return (int.from_bytes(a, "big") ^ int.from_bytes(b, "big")).bit_count()


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
