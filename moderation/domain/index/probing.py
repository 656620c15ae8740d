"""Searching chunk tables: which buckets to visit, and what to look at in them.

One call of numpy does a step for all probes of a group of queries, so what a call costs is shared by
them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from moderation.domain.index.chunks import ChunkTables
from moderation.domain.index.pigeonhole import CALL_NS, CODE_NS, allowances, masks
from moderation.domain.index.scan import Near, joined, scan, scan_ns, within
from moderation.domain.index.words import Words

_GROUP = 65_536
"""Candidates at a time: their temporaries stay in the second-level cache."""

_PROBE = np.dtype([("place", "<i4"), ("next", "<u2"), ("allowed", "<u2")])
"""What there is to know of a probe, in one word, so that it is repeated for its candidates in one go:
its bucket, later where that begins; the query's next chunk; in how many bits that may differ."""
_NEXT, _ALLOWED = 32, 48
"""Where the fields begin in the word."""
_COUNTING = np.arange(_GROUP, dtype=np.int32)


@dataclass(frozen=True, slots=True)
class Plan:
    """The probes for one radius."""

    chunk: NDArray[np.intp]
    change: NDArray[np.int64]
    """A :data:`_PROBE` each: the bits in which the bucket differs from the query's own, no next chunk,
    and in how many bits the next chunk may differ."""


class ChunkSearch:
    """Searches one set of tables over one set of columns."""

    def __init__(self, columns: Words, tables: ChunkTables) -> None:
        self._columns, self._tables = columns, tables
        self._rows = columns.shape[1]
        self._scan_ns = scan_ns(columns)
        self._next = np.roll(np.arange(len(tables.place.widths)), -1)
        self._costs: dict[int, float] = {}
        self._plans: dict[int, Plan] = {}

    def __call__(self, queries: Words, radius: int) -> Near:
        """Return all rows within ``radius`` of each query."""
        size = queries.shape[1]
        if CALL_NS + size * self._cost(radius) > size * self._scan_ns:
            return scan(self._columns, queries, radius)
        plan = self._plan(radius)
        at_once = max(1, _GROUP // len(plan.change))
        founds: list[Near] = []
        for first in range(0, size, at_once):
            self._search(queries[:, first : first + at_once], first, plan, radius, founds)
        return joined(founds)

    def _cost(self, radius: int) -> float:
        """Return the cost of one query among many, in nanoseconds, if codes were spread evenly."""
        if radius not in self._costs:
            self._costs[radius] = allowances(self._tables.place.widths, radius, self._rows)[1]
        return self._costs[radius]

    def _plan(self, radius: int) -> Plan:
        if radius not in self._plans:
            self._plans[radius] = self._made_plan(radius)
        return self._plans[radius]

    def _made_plan(self, radius: int) -> Plan:
        widths = self._tables.place.widths
        shared, _ = allowances(widths, radius, self._rows)
        chunks, changes = [], []
        for chunk, (width, own) in enumerate(zip(widths, shared, strict=True)):
            if own:
                mask = masks(width, own - 1)
                allowed = (
                    own + shared[(chunk + 1) % len(widths)] - 1 - np.bitwise_count(mask).astype(np.int64)
                )
                chunks.append(np.full(len(mask), chunk))
                changes.append(mask | allowed << _ALLOWED)
        return Plan(np.concatenate(chunks), np.concatenate(changes))

    def _search(self, queries: Words, first: int, plan: Plan, radius: int, founds: list[Near]) -> None:
        """Visit the buckets of a few queries, the first of which has the number ``first``."""
        tables, probes = self._tables, len(plan.change)
        keys = tables.place.keys(queries)
        following = keys.take(self._next, axis=0)
        following &= 0xFFFF
        following <<= _NEXT
        following |= keys + tables.place.base
        # A row of probes per query. Buckets are aligned, so the change applies to their numbers.
        words = following.T.take(plan.chunk, axis=1)
        words ^= plan.change
        probe = words.reshape(-1).view(_PROBE)
        bucket = probe["place"]
        start = tables.bucket_start.take(bucket)
        count = tables.bucket_start[1:].take(bucket)
        count -= start
        ends = count.cumsum(dtype=np.int64)
        for begin, end in self._groups(ends[probes - 1 :: probes]):
            if end < 0:
                query, row, distance = scan(self._columns, queries[:, begin : begin + 1], radius)
                founds.append((query + (first + begin), row, distance))
                continue
            part = slice(begin * probes, end * probes)
            whose, rows = self._candidates(start[part], count[part], ends[part], probe[part])
            if len(rows):
                query, row, distance = self._near(queries, whose // probes + begin, rows, radius)
                founds.append((query + first, row, distance))

    def _groups(self, ends: NDArray[np.int64]) -> Iterator[tuple[int, int]]:
        """Yield runs of queries with about as many candidates as fit the cache, by their first and last running
        number.

        The end is −1 for a query whose buckets hold so much (hashes cluster) that a scan costs less.
        """
        most = self._scan_ns / CODE_NS
        if ends[-1] <= min(most, _GROUP):
            yield 0, len(ends)
            return
        heavy = np.diff(ends, prepend=0) > most
        begin, done = 0, 0
        while begin < len(ends):
            if heavy[begin]:
                yield begin, -1
                end = begin + 1
            else:
                fitting = int(np.searchsorted(ends, done + _GROUP, "right"))
                lighter = begin + int(np.append(heavy[begin:], True).argmax())
                end = max(begin + 1, min(fitting, lighter))
                yield begin, end
            begin, done = end, int(ends[end - 1])

    def _candidates(
        self,
        start: NDArray[np.uint32],
        count: NDArray[np.uint32],
        ends: NDArray[np.int64],
        probe: NDArray[np.void],
    ) -> tuple[NDArray[np.int64], NDArray[np.uint32]]:
        """Probe and row of every code in these buckets that the next chunk does not rule out."""
        before = ends - count
        before -= before[0]
        probe["place"] = start - before
        repeated = probe.view(np.int64).repeat(count).view(_PROBE)
        size = len(repeated)
        counting = _COUNTING[:size] if size <= _GROUP else np.arange(size, dtype=np.int32)
        place = counting + repeated["place"]
        differing = self._tables.bucket_next.take(place)
        differing ^= repeated["next"]
        kept = (np.bitwise_count(differing) <= repeated["allowed"]).nonzero()[0]
        if not len(kept):
            return _NONE, _NO_ROW
        whose: NDArray[np.int64] = before.searchsorted(kept, "right") - 1
        return whose, self._tables.bucket_rows.take(place.take(kept))

    def _near(self, queries: Words, query: NDArray[np.int64], row: NDArray[np.uint32], radius: int) -> Near:
        """Return the candidates that are near, each pair once though several chunks found it."""
        query, found, distance = within(self._columns, queries, query, row.astype(np.intp), radius)
        if len(found) > 1:
            _, once = np.unique(query * self._rows + found, return_index=True)
            return query[once], found[once], distance[once]
        return query, found, distance


_NONE, _NO_ROW = np.empty(0, np.int64), np.empty(0, np.uint32)
