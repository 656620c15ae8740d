"""The trained constants that turn a descriptor into a signature and a cell: a versioned file in the wheel.

Everything is integer arithmetic on small numbers. Products are summed in float32 where every partial
sum is below 2²⁴ and therefore exact, so a code has the same bits whatever BLAS, thread count or processor
computes it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from .descriptors import MIRRORED, NEGATED, Descriptors

VERSION = 1
WORDS = 1024
HALF = 32
"""Dimensions of one codebook."""
NEAR_WORDS = 8
"""Words of each codebook that are combined into cells to probe."""
MORE_WORDS = 16
"""The same where a row looks into many cells."""
AROUND = 32
"""Words about the nearest one among which those are looked for."""

_MAGIC = b"LOCALMODEL"
_PARTS: tuple[tuple[str, str, tuple[int, ...]], ...] = (
    ("orientation", "<i1", (128, 2)),
    ("uncertain", "<i4", (2,)),
    ("projection", "<i1", (128, 128)),
    ("thresholds", "<i4", (128,)),
    ("coarse", "<i1", (128, 2 * HALF)),
    ("centre", "<i4", (2 * HALF,)),
    ("shift", "<i4", (1,)),
    ("codebooks", "<i1", (2, WORDS, HALF)),
)


class BadModel(ValueError):
    """The model file is damaged or of another version; install the package again."""


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """See the training script for where each part comes from."""

    version: int
    orientation: NDArray[np.int8]
    """Shape ``(128, 2)``. The sign of the first column's product changes under mirroring and not under
    negation, of the second the other way round: so signs bring a descriptor into a canonical view."""
    uncertain: NDArray[np.int32]
    """Shape ``(2,)``: a product smaller than this in absolute value may have either sign in a copy."""
    projection: NDArray[np.int8]
    """PCA and ITQ rotation (Gong and Lazebnik, 2011), a column a bit."""
    thresholds: NDArray[np.int32]
    """The median of each projection."""
    coarse: NDArray[np.int8]
    """The 64 strongest PCA dimensions, 32 for each codebook."""
    centre: NDArray[np.int32]
    shift: NDArray[np.int32]
    codebooks: NDArray[np.int8]
    """An inverted multi-index (Babenko and Lempitsky, 2012): a pair of words is a cell."""

    def to_bytes(self) -> bytes:
        """Return the content of the model file."""
        body = bytearray(_MAGIC + bytes([self.version]))
        for name, kind, shape in _PARTS:
            part = np.ascontiguousarray(getattr(self, name), dtype=kind)
            if part.shape != shape:
                raise BadModel(f"{name} has shape {part.shape}, not {shape}")
            body += part.tobytes()
        return bytes(body) + hashlib.sha256(body).digest()

    @classmethod
    def from_bytes(cls, data: bytes) -> Model:
        """Read what :meth:`to_bytes` wrote. Raises :class:`BadModel`."""
        body, digest = data[:-32], data[-32:]
        if not body.startswith(_MAGIC) or hashlib.sha256(body).digest() != digest:
            raise BadModel
        version, offset = body[len(_MAGIC)], len(_MAGIC) + 1
        parts: dict[str, NDArray[np.generic]] = {}
        for name, kind, shape in _PARTS:
            count = int(np.prod(shape))
            parts[name] = np.frombuffer(body, dtype=kind, count=count, offset=offset).reshape(shape)
            offset += count * np.dtype(kind).itemsize
        return cls(version, **parts)  # type: ignore[arg-type]

    def read(self, descriptors: Descriptors) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """Return the canonical view of each descriptor, and which signs are uncertain (the same two bits)."""
        product = descriptors.astype(np.float32) @ self.orientation.astype(np.float32)
        bits = np.array([MIRRORED, NEGATED], dtype=np.uint8)
        views = ((product < 0) * bits).sum(axis=1, dtype=np.uint8)
        uncertain = ((np.abs(product) < self.uncertain) * bits).sum(axis=1, dtype=np.uint8)
        return views, uncertain

    def codes(self, canonical: Descriptors) -> NDArray[np.uint8]:
        """Return the 128-bit signatures, shape ``(n, 16)``."""
        product = canonical.astype(np.float32) @ self.projection.astype(np.float32)
        return np.packbits(product > self.thresholds, axis=1)

    def reduced(self, canonical: Descriptors) -> NDArray[np.float32]:
        """Return the space in which words are nearest or not: whole numbers, -127..127, shape ``(n, 2, 32)``."""
        product = canonical.astype(np.float32) @ self.coarse.astype(np.float32)
        scaled = np.rint((product - self.centre) / np.float32(1 << int(self.shift[0])))
        return np.asarray(np.clip(scaled, -127, 127).astype(np.float32).reshape(-1, 2, HALF))

    def nearness(self, reduced: NDArray[np.float32], book: int) -> NDArray[np.float32]:
        """Return the squared distance to each word of a codebook, up to a constant a row, shape ``(n, 1024)``."""
        words = self.codebooks[book].astype(np.float32)
        distance = reduced[:, book] @ (words.T * np.float32(-2))
        distance += (words * words).sum(axis=1)
        return np.asarray(distance)

    def words(self, canonical: Descriptors) -> NDArray[np.uint16]:
        """Return the nearest word of each codebook, shape ``(n, 2)``."""
        reduced = self.reduced(canonical)
        return np.stack([self.nearness(reduced, book).argmin(axis=1) for book in (0, 1)], axis=1).astype(
            np.uint16
        )

    def probes(self, canonical: Descriptors, count: int) -> NDArray[np.uint32]:
        """Return the nearest cells, nearest first, shape ``(n, count)``; ``count`` at most 256."""
        if not len(canonical):
            return np.empty((0, count), dtype=np.uint32)
        reduced = self.reduced(canonical)
        words = NEAR_WORDS if count <= NEAR_WORDS * NEAR_WORDS // 4 else MORE_WORDS
        near: list[NDArray[np.int64]] = []
        distance: list[NDArray[np.float32]] = []
        for book in (0, 1):
            far = self.nearness(reduced, book)
            # the nearest words are among the neighbours of the nearest: a fifth of the time of a partition of all
            around = neighbouring_words(AROUND)[book][far.argmin(axis=1)].astype(np.int64)
            reach = np.take_along_axis(far, around, axis=1)
            best = np.argpartition(reach, words, axis=1)[:, :words]
            near.append(np.take_along_axis(around, best, axis=1))
            distance.append(np.take_along_axis(reach, best, axis=1))
        total = (distance[0][:, :, None] + distance[1][:, None, :]).reshape(len(canonical), -1)
        cells = ((near[0][:, :, None] << 10) | near[1][:, None, :]).reshape(len(canonical), -1)
        # whole numbers far below 2⁴³: with the cell behind it, a distance sorts as one number
        key = (total.astype(np.int64) << 20) | cells
        if count < key.shape[1]:
            key = np.partition(key, count - 1, axis=1)[:, :count]
        return np.asarray(np.sort(key, axis=1) & ((1 << 20) - 1)).astype(np.uint32)

    def rows(self, descriptors: Descriptors) -> tuple[NDArray[np.uint16], NDArray[np.uint8]]:
        """Return the readings of each descriptor: its number and the view, certain ones first."""
        views, uncertain = self.read(descriptors)
        number = np.arange(len(views), dtype=np.uint16)
        keypoint, reading = [number], [views]
        for flip in (MIRRORED, NEGATED, MIRRORED | NEGATED):
            also = (uncertain & flip) == flip
            keypoint.append(number[also])
            reading.append(views[also] ^ np.uint8(flip))
        return np.concatenate(keypoint), np.concatenate(reading)


@cache
def current() -> Model:
    """Return the model of this version of the package. Raises :class:`BadModel`."""
    model = Model.from_bytes((files(__package__) / f"model-{VERSION}.bin").read_bytes())
    if model.version != VERSION:
        raise BadModel
    return model


@cache
def neighbouring_words(count: int) -> NDArray[np.uint16]:
    """Return the nearest words of each word, itself first, shape ``(2, 1024, count)``; for probing from a stored
    signature."""
    books = current().codebooks.astype(np.int32)
    result = np.empty((2, WORDS, count), dtype=np.uint16)
    for book in (0, 1):
        words = books[book]
        norms = (words * words).sum(axis=1)
        distance = norms[:, None] + norms[None, :] - 2 * (words @ words.T)
        np.fill_diagonal(distance, -1)
        result[book] = np.argsort(distance, axis=1, kind="stable")[:, :count]
    return result
