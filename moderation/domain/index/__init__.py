"""Exact search of fingerprints by Hamming distance."""

from moderation.domain.index.bktree import BKTreeIndex
from moderation.domain.index.contract import Codes, FingerprintIndex, Hits, Items, Searchable
from moderation.domain.index.layered import LayeredIndex
from moderation.domain.index.packed import PackedIndex
from moderation.exceptions import IndexFileFault

__all__ = [
    "BKTreeIndex",
    "Codes",
    "FingerprintIndex",
    "Hits",
    "IndexFileFault",
    "Items",
    "LayeredIndex",
    "PackedIndex",
    "Searchable",
]
