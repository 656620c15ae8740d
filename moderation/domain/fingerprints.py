"""The fingerprint algorithms by name, and their codes as text.

An algorithm is a *versioned* function from a canonical picture to bits. Codes of different algorithms, or of
different versions of one, never compare.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from types import MappingProxyType

from moderation.exceptions import UnknownAlgorithm


@dataclass(frozen=True, slots=True)
class Algorithm:
    """A named, versioned fingerprint."""

    name: str
    version: int
    bits: int
    """Width of a code: 64 or 256."""
    requires: str | None = None
    """A module that has to be installed."""

    @property
    def qualified(self) -> str:
        """What is stored with every code: ``dhash256/1``."""
        return f"{self.name}/{self.version}"

    @property
    def available(self) -> bool:
        """Whether this installation can compute it. Codes from elsewhere can be stored and compared anyway."""
        return self.requires is None or find_spec(self.requires) is not None


ALGORITHMS: Mapping[str, Algorithm] = MappingProxyType(
    {
        algorithm.name: algorithm
        for algorithm in (
            Algorithm("dhash256", 1, 256),
            Algorithm("phash256", 1, 256),
            Algorithm("pdq", 1, 256, requires="pdqhash"),
            Algorithm("ahash64", 1, 64),
            Algorithm("dhash64", 1, 64),
            Algorithm("phash64", 1, 64),
            Algorithm("whash64", 1, 64),
        )
    }
)
"""By name without version. The first two, and the last four, are those of imagehash; ``pdq`` is Facebook's."""

_HEX = re.compile(r"(?:0[xX])?([0-9a-fA-F]+)")


def algorithm_named(name: str) -> Algorithm:
    """The algorithm with this name, with or without a version; raises :class:`UnknownAlgorithm`.

    A version other than the present one is unknown as well: nothing here can compute or compare it.
    """
    algorithm = ALGORITHMS.get(name.partition("/")[0])
    if algorithm is None or ("/" in name and name != algorithm.qualified):
        raise UnknownAlgorithm
    return algorithm


def hamming(a: bytes, b: bytes) -> int:
    """Number of different bits; raises :class:`ValueError` when the codes differ in width."""
    if len(a) != len(b):
        raise ValueError(f"Codes of {len(a) * 8} and {len(b) * 8} bits do not compare.")
    return (int.from_bytes(a, "big") ^ int.from_bytes(b, "big")).bit_count()


def parse_code(algorithm: str, text: str) -> bytes:
    """A code from what imagehash's ``str()`` and the PDQ tools print: hexadecimal, most significant bit first.

    Raises :class:`UnknownAlgorithm`, and :class:`ValueError` for text that is no code of this algorithm.
    """
    bits = algorithm_named(algorithm).bits
    digits = _HEX.fullmatch(text.strip())
    if digits is None or len(digits[1]) != bits // 4:
        raise ValueError(f"A {algorithm} hash has {bits // 4} hexadecimal digits.")
    return bytes.fromhex(digits[1])


def format_code(bits: bytes) -> str:
    """A code as imagehash's ``str()`` and the PDQ tools print it."""
    return bits.hex()
