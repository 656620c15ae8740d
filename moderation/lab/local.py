"""The second tier in an evaluation: signatures of all bans, and who is shown by a copy."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from moderation.domain.analysis import Analysis
from moderation.domain.local.budget import LocalBudget
from moderation.domain.local.features import BAN_KEYPOINTS
from moderation.domain.local.index import LocalIndex
from moderation.domain.local.recognise import recognise
from moderation.domain.local.signature import LocalSignature
from moderation.domain.local.wire import features_from_bytes

_BUDGET = replace(LocalBudget(), milliseconds=3_600_000)
"""Without the time limit: a slow machine measures the same."""


class Signatures:
    """Of bans, by name. A copy is compared with all of them, as an upload is."""

    def __init__(self) -> None:
        self._stored: dict[int, LocalSignature] = {}
        self._names: dict[int, str] = {}
        self._index: LocalIndex | None = None

    def add(self, name: str, analysis: Analysis) -> None:
        """Ban one: keeps its signatures, as the database would."""
        for data in analysis.local:
            item = len(self._stored) + 1
            self._stored[item] = features_from_bytes(data).signature.strongest(BAN_KEYPOINTS)
            self._names[item] = name
        self._index = None

    def shown(self, analysis: Analysis) -> list[str]:
        """Return the names of the bans that a picture shows, strongest first: each is worth at least a hold."""
        if self._index is None:
            self._index = LocalIndex.build((signature, item) for item, signature in self._stored.items())
        features = [features_from_bytes(data) for data in analysis.local]
        hits = recognise(features, self._index, self._load, budget=_BUDGET).hits
        return list(dict.fromkeys(self._names[hit.item] for hit in hits))

    def _load(self, items: Iterable[int]) -> Mapping[int, LocalSignature]:
        return {item: self._stored[item] for item in items}
