"""What the index is compared with. Each answers exactly, or says that it cannot."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from moderation.domain.index import PackedIndex

Codes = NDArray[np.uint8]


class Contestant(ABC):
    """One implementation over one set of codes."""

    name: ClassVar[str]
    most: ClassVar[int] = 100_000_000
    """Entries beyond which waiting for it teaches nothing."""

    @abstractmethod
    def __init__(self, codes: Codes) -> None: ...

    @abstractmethod
    def search(self, queries: Codes, radius: int) -> int:
        """Return the number of (query, entry) pairs within the radius."""

    def can(self, radius: int) -> bool:
        """Return whether it answers exactly at this radius."""
        return radius >= 0


class Ours(Contestant):
    name = "this project, packed"

    def __init__(self, codes: Codes) -> None:
        items = np.arange(1, len(codes) + 1, dtype=np.int64)
        self._index = PackedIndex.build(codes, items, bits=codes.shape[1] * 8)

    def search(self, queries: Codes, radius: int) -> int:
        return len(self._index.search(queries, radius).item)


class Linear(Contestant):
    name = "numpy linear scan"

    def __init__(self, codes: Codes) -> None:
        self._columns = np.ascontiguousarray(codes.view(np.uint64).T)

    def search(self, queries: Codes, radius: int) -> int:
        hits = 0
        for query in queries.view(np.uint64):
            distance = np.zeros(self._columns.shape[1], np.uint16)
            for column, word in zip(self._columns, query, strict=True):
                distance += np.bitwise_count(column ^ word)
            hits += len(np.flatnonzero(distance <= radius))
        return hits


class Tree(Contestant):
    name = "pybktree"
    most = 100_000

    def __init__(self, codes: Codes) -> None:
        import pybktree

        distinct = {int.from_bytes(code.tobytes(), "big") for code in codes}
        self._tree = pybktree.BKTree(pybktree.hamming_distance, distinct)

    def search(self, queries: Codes, radius: int) -> int:
        return sum(len(self._tree.find(int.from_bytes(query.tobytes(), "big"), radius)) for query in queries)


class FaissFlat(Contestant):
    name = "faiss IndexBinaryFlat"

    def __init__(self, codes: Codes) -> None:
        import faiss

        faiss.omp_set_num_threads(1)
        self._index = faiss.IndexBinaryFlat(codes.shape[1] * 8)
        self._index.add(codes)

    def search(self, queries: Codes, radius: int) -> int:
        # faiss looks for distances below the radius.
        limits, _, _ = self._index.range_search(queries, radius + 1)
        return int(limits[-1])


class FaissMultiHash(Contestant):
    """Exact where ``nhash * (nflip + 1)`` exceeds the radius, so the flips follow from that."""

    name = "faiss IndexBinaryMultiHash"
    most = 1_000_000

    def __init__(self, codes: Codes) -> None:
        import faiss

        faiss.omp_set_num_threads(1)
        bits = codes.shape[1] * 8
        self._hashes = bits // 16
        self._index: Any = faiss.IndexBinaryMultiHash(bits, self._hashes, 16)
        self._index.add(codes)

    def search(self, queries: Codes, radius: int) -> int:
        self._index.nflip = radius // self._hashes
        limits, _, _ = self._index.range_search(queries, radius + 1)
        return int(limits[-1])


class ThreatExchange(Contestant):
    """The index that the hash exchanges' own tool uses for PDQ: one radius, one query at a time."""

    name = "threatexchange PDQIndex"
    most = 1_000_000

    def __init__(self, codes: Codes) -> None:
        from threatexchange.signal_type.pdq.pdq_index import PDQIndex

        if codes.shape[1] != 32:
            raise NotImplementedError("PDQ has 256 bits")
        self._index = PDQIndex([(code.tobytes().hex(), number) for number, code in enumerate(codes)])

    def can(self, radius: int) -> bool:
        return radius == 31

    def search(self, queries: Codes, radius: int) -> int:
        return sum(len(self._index.query(query.tobytes().hex())) for query in queries)


CONTESTANTS: tuple[type[Contestant], ...] = (
    Ours, FaissFlat, FaissMultiHash, ThreatExchange, Linear, Tree,
)  # fmt: skip
