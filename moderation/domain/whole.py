"""PDQ of a picture as it stands in its file: what hash exchanges and Hasher-Matcher-Actioner compute.

Of the first frame at its full size, in its own colours, not turned upright. Those of patches come from a smaller,
upright picture in sRGB and lie up to 28 bits away, so the two are never compared.
"""

from __future__ import annotations

import numpy as np

from moderation.domain.algorithms import ALGORITHMS
from moderation.domain.analysis import ORIENTATIONS, Code, Limits, WholeHash
from moderation.domain.imaging.opened import Frame
from moderation.domain.imaging.opening import open_picture, refusing
from moderation.domain.pdq import orientations, pdq

NAME = "pdqfull"
LEAST_QUALITY = 50
"""Of PDQ's own measure; the exchanges leave out what is below."""


def hash_of(frame: Frame) -> WholeHash:
    """Hash a decoded frame."""
    stored = frame.image if frame.stored is None else frame.stored
    found = pdq(np.asarray(stored.convert("RGB")))
    turned = np.packbits(orientations(found.spectrum), axis=-1)
    return WholeHash(tuple(row.tobytes() for row in turned), found.quality)


def hash_whole(data: bytes, limits: Limits) -> WholeHash:
    """Hash the first frame of a file. Raises a child of :class:`~moderation.exceptions.ImageRefused`."""
    with refusing():
        return hash_of(open_picture(data, limits).frame(0))


def codes_of_whole(found: WholeHash) -> tuple[tuple[Code, ...], tuple[Code, ...]]:
    """Return queries and enrolment; none of a picture with too little to see."""
    if found.quality < LEAST_QUALITY:
        return (), ()
    name = ALGORITHMS[NAME].qualified
    enrolment = dict.fromkeys(zip(found.turned, ORIENTATIONS, strict=True))
    codes = tuple(Code(name, bits, 0, turn) for bits, turn in enrolment)
    return (Code(name, found.turned[0], 0, ""),), codes
