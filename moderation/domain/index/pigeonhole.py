"""How the radius of a search is shared out among the chunks of a code.

Let a code of ``m`` chunks lie within ``r`` bits of the query and give chunk ``i`` an *allowance*
``a[i]`` of whole bits, with ``sum(a) == r + 1``. The differences ``d`` of the chunks then satisfy
``sum(d[i] - a[i]) < 0``, so going round the ring of chunks there is one to start at from which *every*
running sum of ``d[i] - a[i]`` stays below zero (the cycle lemma). Looking only at chunks that may be
such a start loses nothing, and two conditions follow that are cheap to check:

- ``d[i] <= a[i] - 1``: the generalised pigeonhole principle, by which buckets are visited;
- ``d[i] + d[i + 1] <= a[i] + a[i + 1] - 1``: by which 99 of 100 codes in these buckets are rejected
  without looking at the code (Qin and Xiao, "Pigeonring", VLDB 2018).
"""

from __future__ import annotations

import heapq
from functools import cache
from math import comb

import numpy as np
from numpy.typing import NDArray

CALL_NS = 35_000.0
"""What looking into buckets costs however few there are, …"""
PROBE_NS = 15.0
"""… visiting a bucket, and …"""
CODE_NS = 8.0
"""… each code in it. Measured with 1 M codes on one core; only their ratio to each other and to the
scan's cost matters."""


def chunk_widths(bits: int, chunks: int) -> tuple[int, ...]:
    """Return widths that add up to ``bits`` and differ by one at most, the wider first."""
    return tuple(bits // chunks + (chunk < bits % chunks) for chunk in range(chunks))


def allowances(widths: tuple[int, ...], radius: int, rows: int) -> tuple[tuple[int, ...], float]:
    """Return the cheapest way to share out ``radius + 1``, and its cost per query in nanoseconds.

    Each unit goes to the chunk where it adds least; as a chunk's units cost more and more (until half
    its bits, beyond which a scan is cheaper anyhow), no other way is cheaper.
    """
    shared = [0] * len(widths)
    total = 0.0

    def price(chunk: int) -> float:
        width = widths[chunk]
        return comb(width, shared[chunk]) * (PROBE_NS + CODE_NS * rows / (1 << width))

    queue = [(price(chunk), chunk) for chunk in range(len(widths))]
    heapq.heapify(queue)
    for _ in range(radius + 1):
        cost, chunk = queue[0]
        total += cost
        shared[chunk] += 1
        full = shared[chunk] > widths[chunk]
        heapq.heapreplace(queue, (float("inf") if full else price(chunk), chunk))
    return tuple(shared), total


@cache
def masks(width: int, differing: int) -> NDArray[np.int32]:
    """Return all numbers of ``width`` bits with at most ``differing`` ones, ascending."""
    numbers = np.arange(1 << width, dtype=np.uint32)
    return np.flatnonzero(np.bitwise_count(numbers) <= differing).astype(np.int32)
