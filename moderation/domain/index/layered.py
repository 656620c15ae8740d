"""What a process searches: a live BK-tree over packed segments, the oldest of them in a file."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from moderation.domain.index.arguments import (
    checked_bits,
    checked_codes,
    checked_items,
    checked_pairs,
    checked_radius,
)
from moderation.domain.index.bktree import BKTreeIndex
from moderation.domain.index.collecting import Found, collected
from moderation.domain.index.contract import Codes, Hits, Items
from moderation.domain.index.file import NO_HISTORY
from moderation.domain.index.packed import PackedIndex
from moderation.domain.index.packing import among
from moderation.domain.index.words import to_words

TREE_NODES = 48
"""Codes that the tree takes before they move on. At radii that matter for 256 bits a BK-tree rules
out nothing, so a search costs about 0.4 µs per node and query, and an upload has dozens of queries."""

SMALL = 4_096
"""Codes in a segment that it costs less to make anew than to search one more of."""

LOOSE = 50_000
"""Pairs outside the file, or dead ones in it, from which compaction pays whatever the file's size."""


@dataclass(frozen=True, slots=True)
class _Segment:
    """An immutable index and the items in it that have been retired since (ascending)."""

    index: PackedIndex
    dead: Items
    live: int
    """Number of live pairs."""

    def without(self, items: Items) -> _Segment:
        """Return this segment with more items dead (ascending)."""
        fresh = items[~among(items, self.dead)]
        counts = self.index.counts(fresh)
        if not counts.any():
            return self
        dead = np.union1d(self.dead, fresh[counts > 0])
        return _Segment(self.index, dead, self.live - int(counts.sum()))


class LayeredIndex:
    """Keeps :class:`FingerprintIndex`, and is the one that services use.

    New pairs go into the tree. What outgrows it moves on into packed segments in memory, which are
    merged as they grow (each at least twice the next), so a thousand bans and a catch-up of a
    million rows both work without a file. :meth:`compact` writes everything into a new file, from a
    background thread if wanted, and goes on with that. Retired items are marked in the segments
    and filtered from what is found.

    **Threads.** Any number may search, add and retire; one may compact. Writers wait for one another.
    Searches wait only while the tree is read or changed and the list of segments is replaced, never
    for the making of a segment or a file. Segments are never changed, only replaced.
    """

    def __init__(self, bits: int, *, revision: int = 0, history_id: bytes = NO_HISTORY) -> None:
        self.bits = checked_bits(bits)
        self.revision = revision
        """What the caller has brought the index to, see :meth:`mark_position`."""
        self.history_id = history_id
        """16 bytes of the caller's that go with the revision."""
        self._writing = threading.Lock()
        """Held by whoever changes anything; taken before ``_state``."""
        self._state = threading.Lock()
        """Held while tree and segments are read together or replaced."""
        self._folding = threading.Lock()
        self._tree = BKTreeIndex(bits)
        self._segments: tuple[_Segment, ...] = ()
        """Oldest and largest first."""
        self._pinned = 0
        """Number of segments that a running compaction has read and that may not be merged meanwhile."""
        self._retired_meanwhile: list[Items] = []
        """While a compaction runs: what was retired since it began."""

    @classmethod
    def open(cls, path: Path, *, algorithm: str, bits: int) -> LayeredIndex:
        """Go on from a file; :attr:`revision` is the file's.

        Raises :class:`~moderation.exceptions.IndexFileFault`, see :meth:`PackedIndex.open`.
        """
        packed = PackedIndex.open(path, algorithm=algorithm, bits=bits)
        index = cls(bits, revision=packed.revision, history_id=packed.history_id)
        index._segments = (_fresh(packed),)
        return index

    def __len__(self) -> int:
        with self._state:
            return len(self._tree) + sum(segment.live for segment in self._segments)

    def add(self, codes: Codes, items: Items) -> None:
        """See :meth:`FingerprintIndex.add`."""
        codes, items = checked_pairs(codes, items, self.bits)
        with self._writing:
            new = np.ones(len(items), bool)
            for segment in self._segments:
                new &= among(items, segment.dead) | ~segment.index.holds(codes, items)
            codes, items = codes[new], items[new]
            if len(codes) <= TREE_NODES:
                with self._state:
                    self._tree.add(codes, items)
                if self._tree.nodes > TREE_NODES:
                    self._empty_tree()
            else:
                new = ~self._tree.holds(codes, items)
                segments = self._pushed(PackedIndex.build(codes[new], items[new], bits=self.bits))
                with self._state:
                    self._segments = segments

    def retire(self, items: Items) -> None:
        """See :meth:`FingerprintIndex.retire`."""
        items = np.unique(checked_items(items))
        with self._writing:
            segments = tuple(segment.without(items) for segment in self._segments)
            with self._state:
                self._tree.retire(items)
                self._segments = segments
            if self._pinned:
                self._retired_meanwhile.append(items)

    def mark_position(self, revision: int, history_id: bytes = NO_HISTORY) -> None:
        """Say what the index has been brought to, *after* the changes that it stands for: a compaction that
        runs in between then writes a file that is older than it could be, and catching up again
        changes nothing."""
        with self._writing:
            self.revision, self.history_id = revision, history_id

    @property
    def file_revision(self) -> int:
        """The revision of the file underneath; 0 where there is none."""
        with self._state:
            segments = self._segments
        return next((segment.index.revision for segment in segments if segment.index.mapped), 0)

    def search(self, queries: Codes, radius: int) -> Hits:
        """See :meth:`Searchable.search`."""
        queries = checked_codes(queries, self.bits)
        radius = checked_radius(radius, self.bits)
        with self._state:
            segments = self._segments
            parts: list[Found] = [self._tree.search(queries, radius)] if len(self._tree) else []
        words = to_words(queries)
        for segment in segments:
            query, item, distance = segment.index.find(words, radius)
            if len(segment.dead):
                live = ~among(item, segment.dead)
                query, item, distance = query[live], item[live], distance[live]
            parts.append((query, item, distance))
        return collected(parts)

    def write(self, path: Path, *, algorithm: str, revision: int, history_id: bytes = NO_HISTORY) -> None:
        """Write all live pairs into a file, atomically, and stay as it is.

        ``revision`` is what the file will say; it must not be newer than what was added. Raises
        :class:`OSError` when the file cannot be written.
        """
        with self._state:
            segments = self._segments
            tree = PackedIndex.build(*self._tree.pairs(), bits=self.bits)
        whole = _merged((*segments, _fresh(tree)), self.bits)
        whole.write(path, algorithm=algorithm, revision=revision, history_id=history_id)

    def should_compact(self) -> bool:
        """Return whether a compaction would pay: much outside the file, or much dead in it."""
        with self._state:
            segments = self._segments
        whole = sum(len(segment.index) for segment in segments)
        dead = whole - sum(segment.live for segment in segments)
        loose = sum(segment.live for segment in segments if not segment.index.mapped)
        return max(dead, loose) > max(LOOSE, whole // 10)

    def compact(self, path: Path, *, algorithm: str) -> None:
        """Write everything into a new file at :attr:`revision` and go on with that file.

        Searches, additions and retirements go on meanwhile. A second compaction waits for the first. When
        the file cannot be written (:class:`OSError`) or read back, the index stays as it was.
        """
        with self._folding:
            with self._writing:
                revision, history_id = self.revision, self.history_id
                self._empty_tree()
                compacted = self._segments
                self._pinned = len(compacted)
            try:
                _merged(compacted, self.bits).write(
                    path, algorithm=algorithm, revision=revision, history_id=history_id
                )
                base = _fresh(PackedIndex.open(path, algorithm=algorithm, bits=self.bits))
                with self._writing:
                    for items in self._retired_meanwhile:
                        base = base.without(items)
                    with self._state:
                        self._segments = (base, *self._segments[len(compacted) :])
            finally:
                with self._writing:
                    self._pinned, self._retired_meanwhile = 0, []

    def _empty_tree(self) -> None:
        """Move what the tree holds into a segment. The caller holds ``_writing``."""
        if self._tree.nodes:
            segments = self._pushed(PackedIndex.build(*self._tree.pairs(), bits=self.bits))
            with self._state:
                self._segments, self._tree = segments, BKTreeIndex(self.bits)

    def _pushed(self, index: PackedIndex) -> tuple[_Segment, ...]:
        """Return the segments with one more, merged with those before it while they are not much larger."""
        segments = [*self._segments, _fresh(index)]
        while len(segments) - self._pinned >= 2:
            older, newer = segments[-2:]
            if older.index.mapped or older.live > max(2 * newer.live, SMALL):
                break
            segments[-2:] = [_fresh(_merged((older, newer), self.bits))]
        return tuple(segments)


def _fresh(index: PackedIndex) -> _Segment:
    return _Segment(index, np.empty(0, np.int64), len(index))


def _merged(segments: Sequence[_Segment], bits: int) -> PackedIndex:
    return PackedIndex.merge([(segment.index, segment.dead) for segment in segments], bits=bits)
