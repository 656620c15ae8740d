"""The packed layer: immutable arrays in a file that all processes of a host share."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from moderation.domain.index.arguments import checked_bits, checked_codes, checked_pairs, checked_radius
from moderation.domain.index.chunks import (
    ChunkPlaces,
    ChunkTables,
    chunk_count,
    make_tables,
)
from moderation.domain.index.collecting import NO_ITEMS, Found, collected
from moderation.domain.index.contract import Codes, Hits, Items
from moderation.domain.index.file import NO_HISTORY, Array, Header, MappedFile, Shapes, write_arrays
from moderation.domain.index.packing import Packing, merged, pack, spread
from moderation.domain.index.pigeonhole import chunk_widths
from moderation.domain.index.probing import ChunkSearch
from moderation.domain.index.scan import scan
from moderation.domain.index.words import Words, to_codes, to_words


class PackedIndex:
    """Keeps :class:`Searchable`; made once by :meth:`build`, :meth:`merge` or :meth:`open`."""

    def __init__(
        self,
        bits: int,
        packing: Packing,
        tables: ChunkTables | None,
        *,
        revision: int = 0,
        history_id: bytes = NO_HISTORY,
        mapped: bool = False,
    ) -> None:
        self.bits = checked_bits(bits)
        self.revision = revision
        """Of the file that it was opened from; 0 where it was not."""
        self.history_id = history_id
        """The same: 16 bytes of whoever wrote it."""
        self.mapped = mapped
        """Whether its arrays lie in a file."""
        self.packing = packing
        self.tables = tables
        self._near = ChunkSearch(packing.columns, tables) if tables else partial(scan, packing.columns)

    @classmethod
    def build(cls, codes: Codes, items: Items, *, bits: int) -> PackedIndex:
        """Return an index in memory, from pairs in any order; repeated pairs count once."""
        codes, items = checked_pairs(codes, items, checked_bits(bits))
        return cls._of(bits, pack(to_words(codes), items))

    @classmethod
    def merge(cls, parts: Sequence[tuple[PackedIndex, Items]], *, bits: int) -> PackedIndex:
        """Return an index in memory, from others of this width; the items given with each (ascending) are left
        out."""
        packings = [(part.packing, dead) for part, dead in parts]
        empty = pack(np.empty((bits // 64, 0), np.uint64), np.empty(0, np.int64))
        return cls._of(bits, merged(packings) if packings else empty)

    @classmethod
    def _of(cls, bits: int, packing: Packing) -> PackedIndex:
        chunks = chunk_count(bits, packing.rows)
        return cls(bits, packing, make_tables(packing.columns, chunks) if chunks else None)

    @classmethod
    def open(cls, path: Path, *, algorithm: str, bits: int) -> PackedIndex:
        """Map a file that :meth:`write` wrote.

        Raises :class:`~moderation.exceptions.IndexFileFault` when it is missing, damaged or made
        for another algorithm or format. Whether its :attr:`revision` is recent enough is for the
        caller to say.
        """
        file = MappedFile(Path(path), algorithm=algorithm, bits=checked_bits(bits))
        header = file.header
        columns, items, row_start, row_pairs, pair_rows, *buckets = file.arrays(_shapes(header))
        packing = Packing(columns, row_start, row_pairs, items, pair_rows)
        tables = ChunkTables(ChunkPlaces.of(bits, header.chunks), *buckets) if header.chunks else None
        return cls(bits, packing, tables, revision=header.revision, history_id=header.history_id, mapped=True)

    def write(self, path: Path, *, algorithm: str, revision: int, history_id: bytes = NO_HISTORY) -> None:
        """Write the file, atomically. Raises :class:`OSError`, see :func:`write_arrays`."""
        packing, tables = self.packing, self.tables
        chunks = len(tables.place.widths) if tables else 0
        arrays: list[Array] = [
            packing.columns,
            packing.items,
            packing.row_start,
            packing.row_pairs,
            packing.pair_rows,
        ]
        if tables:
            arrays += [tables.bucket_start, tables.bucket_rows, tables.bucket_next]
        header = Header(algorithm, self.bits, revision, packing.rows, packing.pairs, chunks, history_id)
        write_arrays(Path(path), header, arrays)

    def __len__(self) -> int:
        return self.packing.pairs

    @property
    def rows(self) -> int:
        """Number of distinct codes."""
        return self.packing.rows

    def search(self, queries: Codes, radius: int) -> Hits:
        """See :meth:`Searchable.search`."""
        queries = checked_codes(queries, self.bits)
        return collected([self.find(to_words(queries), checked_radius(radius, self.bits))])

    def find(self, queries: Words, radius: int) -> Found:
        """Return what :meth:`search` finds, for prepared queries and before anything is put in order."""
        packing = self.packing
        query, row, distance = self._near(queries, radius)
        if not len(row):
            return query, NO_ITEMS, distance
        start = packing.row_start[row].astype(np.int64)
        count = packing.row_start[row + 1] - start
        pair = packing.row_pairs[spread(start, count)]
        return np.repeat(query, count), packing.items[pair], np.repeat(distance, count)

    def pairs(self) -> tuple[Codes, Items]:
        """Return all pairs, by item."""
        return to_codes(self.packing.columns[:, self.packing.pair_rows]), self.packing.items

    def counts(self, items: Items) -> NDArray[np.int64]:
        """Return for each item how many pairs it has here."""
        own = self.packing.items
        return np.searchsorted(own, items, "right") - np.searchsorted(own, items, "left")

    def holds(self, codes: Codes, items: Items) -> NDArray[np.bool_]:
        """Return for each pair whether it is here."""
        packing = self.packing
        first, count = np.searchsorted(packing.items, items, "left"), self.counts(items)
        asked = np.repeat(np.arange(len(items)), count)
        row = packing.pair_rows[spread(first, count)]
        if not len(asked):
            return np.zeros(len(items), bool)
        equal = (packing.columns[:, row] == to_words(codes)[:, asked]).all(axis=0)
        found: NDArray[np.bool_] = np.bincount(asked[equal], minlength=len(items)) > 0
        return found


def _shapes(header: Header) -> Shapes:
    """Return what :meth:`PackedIndex.write` writes, from what the header says."""
    rows, pairs, chunks = header.rows, header.pairs, header.chunks
    shapes: Shapes = [
        ("<u8", (header.bits // 64, rows)),
        ("<i8", (pairs,)),
        ("<u4", (rows + 1,)),
        ("<u4", (pairs,)),
        ("<u4", (pairs,)),
    ]
    if chunks:
        buckets = sum(1 << width for width in chunk_widths(header.bits, chunks))
        shapes += [("<u4", (buckets + 1,)), ("<u4", (chunks * rows,)), ("<u2", (chunks * rows,))]
    return shapes
