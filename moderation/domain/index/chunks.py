"""Multi-index hashing (Norouzi, Punjani and Fleet, 2012): a table per chunk of the code, whose buckets
hold the codes with that value there. A search visits the buckets near the query's own.

Beside the number of each code a bucket keeps the code's next chunk, so that nearly all of a bucket
is rejected while memory is read in order (:mod:`~moderation.domain.index.pigeonhole`).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log2

import numpy as np
from numpy.typing import NDArray

from moderation.domain.index.pigeonhole import chunk_widths
from moderation.domain.index.words import Words

FEWEST_ROWS = 5_000
"""Below, scanning all codes is quicker than looking into the first bucket."""
MOST_ROWS = 1 << 26
"""Above, places in the tables would not fit 31 bits; such an index is only scanned."""
_WIDEST = 22


@dataclass(frozen=True, slots=True)
class ChunkPlaces:
    """Where the chunks of a code lie."""

    widths: tuple[int, ...]
    word: NDArray[np.intp]
    """The word that a chunk begins in."""
    beyond: NDArray[np.intp]
    """The word after that, into which a chunk may run on."""
    shift: NDArray[np.uint64]
    """Where it begins in its word."""
    back: NDArray[np.uint64]
    """63 − ``shift``."""
    ones: NDArray[np.uint64]
    """As many ones as the chunk is wide."""
    base: NDArray[np.int64]
    """Number of the chunk's first bucket."""

    @classmethod
    def of(cls, bits: int, chunks: int) -> ChunkPlaces:
        """Return the places of the chunks in codes of this width."""
        widths = chunk_widths(bits, chunks)
        begin = np.cumsum((0, *widths[:-1]))
        shift = (begin % 64).astype(np.uint64)[:, None]
        sizes = np.left_shift(1, widths)
        return cls(
            widths,
            begin // 64,
            np.minimum(begin // 64 + 1, bits // 64 - 1),
            shift,
            np.uint64(63) - shift,
            (sizes - 1).astype(np.uint64)[:, None],
            (np.cumsum(sizes) - sizes)[:, None],
        )

    def keys(self, columns: Words, chunks: slice = slice(None)) -> NDArray[np.int64]:
        """Return the chunks of every code, shape ``(chunks, n)``."""
        keys: NDArray[np.uint64] = columns.take(self.word[chunks], axis=0)
        keys >>= self.shift[chunks]
        if len(columns) > 1:
            # In two steps, as a shift by 64 is undefined. What belongs to no chunk is cut off below.
            beyond = columns.take(self.beyond[chunks], axis=0)
            beyond <<= np.uint64(1)
            beyond <<= self.back[chunks]
            keys |= beyond
        keys &= self.ones[chunks]
        signed: NDArray[np.int64] = keys.view(np.int64)
        return signed

    def key(self, columns: Words, chunk: int) -> NDArray[np.int64]:
        """Return one chunk of every code."""
        key: NDArray[np.int64] = self.keys(columns, slice(chunk, chunk + 1))[0]
        return key


@dataclass(frozen=True, slots=True)
class ChunkTables:
    """The buckets of all chunks, one chunk after the other."""

    place: ChunkPlaces
    bucket_start: NDArray[np.uint32]
    """Shape ``(sum(2 ** width) + 1,)``: where each bucket begins in the two arrays below."""
    bucket_rows: NDArray[np.uint32]
    """Shape ``(chunks * rows,)``: rows, by bucket."""
    bucket_next: NDArray[np.uint16]
    """Shape ``(chunks * rows,)``: the low 16 bits of the next chunk of that row."""


def chunk_count(bits: int, rows: int) -> int:
    """Return how many chunks suit this many codes; 0: none, scan.

    Wide chunks mean small buckets but many of them. The best widths measured were 13 bits for 10,000
    codes, 15 for 100,000 and 17 for a million.
    """
    if not FEWEST_ROWS <= rows <= MOST_ROWS:
        return 0
    width = min(5 + 0.6 * log2(rows), _WIDEST)
    return max(round(bits / width), -(-bits // _WIDEST))


def make_tables(columns: Words, chunks: int) -> ChunkTables:
    """Return tables over all rows."""
    place = ChunkPlaces.of(columns.shape[0] * 64, chunks)
    rows = columns.shape[1]
    counts: list[NDArray[np.int64]] = []
    bucket_rows, bucket_next = np.empty((chunks, rows), np.uint32), np.empty((chunks, rows), np.uint16)
    first = key = place.key(columns, 0)
    for chunk, width in enumerate(place.widths):
        following = place.key(columns, chunk + 1) if chunk + 1 < chunks else first
        counts.append(np.bincount(key, minlength=1 << width))
        # Bucket and row in one word: sorting words is several times as fast as sorting places.
        both = key << 32 | np.arange(rows)
        both.sort()
        bucket_rows[chunk] = both & 0xFFFFFFFF
        bucket_next[chunk] = following.astype(np.uint16)[bucket_rows[chunk]]
        key = following
    start = np.zeros(sum(map(len, counts)) + 1, np.uint32)
    np.cumsum(np.concatenate(counts), out=start[1:])
    return ChunkTables(place, start, bucket_rows.reshape(-1), bucket_next.reshape(-1))
