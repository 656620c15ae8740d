"""Where a patch rises and falls, and how steeply: what the evidence of a hit is read from.

A patch averaged over 33 × 32 cells, and over 32 × 33, gives 32 × 32 steps to the right and as many downwards. Each
step keeps its sign and one of four classes of size. Grids like these are mapped onto one another by all eight
orientations, so one record serves them all; uploads and bans keep the same one, so what is judged again from stored
records is judged as it was at first.

No pixels are kept: a step has no grey level, and sizes are known to a factor of four.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from moderation.domain.analysis import PatchSigns

VERSION = 1
"""Of the record. Another version does not compare: what has one counts as without signs."""
SIDE = 32
"""Steps along a side."""
CONTRAST, STRONG = 3, 12
"""Grey levels above which a step has contrast, or is strong. Below are weak steps, and level ground."""

_STEPS = 2 * SIDE * SIDE
RECORD = 3 * _STEPS // 8
"""Bytes of a patch: 768."""
_VIEW = struct.Struct(">H")
MOST_PATCHES = 256
"""Patches in one document: an animation has up to 60 frames, some on two backgrounds."""


class BadSigns(ValueError):
    """Not what :func:`pack` writes, or written by another version."""


def record(across: NDArray[np.int16], down: NDArray[np.int16]) -> bytes:
    """Make the record of a patch from its cells, shapes ``(32, 33)`` and ``(33, 32)``, in grey levels."""
    steps = np.stack([np.diff(across, axis=1), np.diff(down, axis=0)])
    size = np.abs(steps)
    rows = np.stack([steps > 0, (size > 0) & (size <= CONTRAST) | (size > STRONG), size > CONTRAST])
    return np.packbits(rows).tobytes()


def unpack(records: Sequence[bytes]) -> NDArray[np.int8]:
    """Read records as steps of −3 to 3, the sign and the class, shape ``(patches, 2, 32, 32)``.

    Raises :class:`BadSigns`.
    """
    if any(len(one) != RECORD for one in records):
        raise BadSigns
    bits = np.unpackbits(np.frombuffer(b"".join(records), np.uint8)).reshape(len(records), 3, 2, SIDE, SIDE)
    size = (bits[:, 1] + 2 * bits[:, 2]).astype(np.int8)
    return np.where(bits[:, 0], size, -size)


def eight_steps(steps: NDArray[np.int8]) -> NDArray[np.int8]:
    """Turn steps of shape ``(n, 2, k, k)`` into ``(n, 8, 2, k, k)``, an orientation each, as
    :data:`~moderation.domain.orientations.ORIENTATIONS` has them.

    Mirroring reverses the order of the steps along an axis, and their signs; turning over the diagonal swaps steps to
    the right with steps downwards.
    """
    right, down = steps[:, 0], steps[:, 1]
    over = np.swapaxes(down, -1, -2), np.swapaxes(right, -1, -2)
    upright = [(right, down, x, y) for y in (False, True) for x in (False, True)]
    turned = [(*over, x, y) for x in (False, True) for y in (False, True)]
    return np.stack([_flipped(*one) for one in upright + turned], axis=1)


def _flipped(right: NDArray[np.int8], down: NDArray[np.int8], x: bool, y: bool) -> NDArray[np.int8]:
    columns, rows = slice(None, None, -1 if x else 1), slice(None, None, -1 if y else 1)
    return np.stack(
        [
            right[:, rows, columns] * np.int8(-1 if x else 1),
            down[:, rows, columns] * np.int8(-1 if y else 1),
        ],
        axis=1,
    )


def pack(signs: Sequence[PatchSigns]) -> bytes:
    """Write records as they are stored: a version, then the view and the record of each patch."""
    return bytes([VERSION]) + b"".join(_VIEW.pack(one.view) + one.data for one in signs[:MOST_PATCHES])


def unpack_document(document: bytes) -> tuple[PatchSigns, ...]:
    """Read what :func:`pack` wrote. Raises :class:`BadSigns`, also for another version."""
    width = _VIEW.size + RECORD
    if document[:1] != bytes([VERSION]) or (len(document) - 1) % width:
        raise BadSigns
    if len(document) > 1 + MOST_PATCHES * width:
        raise BadSigns
    parts = [document[at : at + width] for at in range(1, len(document), width)]
    return tuple(PatchSigns(_VIEW.unpack(part[:2])[0], True, part[2:]) for part in parts)
