"""Radii: how near a code has to be.

A radius is a Hamming distance in bits. Within ``block`` an upload is rejected by the machine, within
``hold`` a person looks at it. The defaults are those of the algorithm (:mod:`moderation.domain.algorithms`).
"""

from __future__ import annotations

from dataclasses import dataclass

NEVER = -1
"""A radius within which nothing lies: the band is switched off."""


@dataclass(frozen=True, slots=True)
class Band:
    """Two radii in bits; ``block <= hold``. :data:`NEVER` switches a band off."""

    block: int
    hold: int

    def __post_init__(self) -> None:
        if not NEVER <= self.block <= self.hold:
            raise ValueError(f"Radii need {NEVER} <= block <= hold, not {self.block} and {self.hold}.")
