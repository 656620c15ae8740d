"""Hashes looked up in the banks of a tenant, at the committed revision."""

from __future__ import annotations

import random
import time
from collections.abc import Collection
from dataclasses import dataclass

from moderation.models import BannedImage
from moderation.services.banks.contents import QUALIFIED
from moderation.services.search.index import banned_codes
from moderation.services.search.loading import rows_of

CONFIDENT = 31
"""Bits: Meta's threshold for a match."""


@dataclass(frozen=True, slots=True)
class Found:
    """An entry near a hash."""

    bank: str
    number: int
    distance: int


def search(bits: bytes, *, tenant: str, banks: Collection[str] | None = None) -> list[Found]:
    """Return the active entries of the tenant's banks within :data:`CONFIDENT` bits, the lowest number first.

    ``banks`` limits it to some. Raises :class:`IndexUnavailable`.
    """
    return [found for found, _, _ in _search(bits, tenant=tenant, banks=banks)]


def matches(
    bits: bytes,
    *,
    tenant: str,
    banks: Collection[str] | None = None,
    seed: str | None = None,
    all_banks: bool = False,
) -> list[Found]:
    """Return what :func:`search` does, without entries that are disabled for now and banks that this look-up
    leaves out: a bank is named in the share of look-ups that it says, decided by ``seed`` where there is one."""
    chance = 0.0 if all_banks else random.Random(seed).random()  # noqa: S311 -- a share, not a secret
    now = time.time()
    return [
        found
        for found, ratio, disabled_until in _search(bits, tenant=tenant, banks=banks)
        if ratio >= chance and disabled_until <= now
    ]


def _search(bits: bytes, *, tenant: str, banks: Collection[str] | None) -> list[tuple[Found, float, int]]:
    layer = banned_codes.catch_up().layers.get(QUALIFIED)
    if layer is None:
        return []
    hits = layer.search(rows_of([bits]), CONFIDENT)
    nearest: dict[int, int] = {}
    for number, distance in zip(hits.item.tolist(), hits.distance.tolist(), strict=True):
        nearest[number] = min(distance, nearest.get(number, distance))
    if not nearest:
        return []
    rows = BannedImage.objects.active().filter(pk__in=list(nearest), blocklist__bank__tenant=tenant)
    if banks is not None:
        rows = rows.filter(blocklist__bank__name__in=list(banks))
    columns = rows.order_by("pk").values_list(
        "pk", "blocklist__bank__name", "blocklist__bank__enabled_ratio", "bank_content__disabled_until"
    )
    return [
        (Found(bank, number, nearest[number]), ratio, disabled_until or 0)
        for number, bank, ratio, disabled_until in columns
    ]


def size() -> tuple[int, int]:
    """Return how many entries the index holds, and the revision that it is at."""
    snapshot = banned_codes.catch_up()
    layer = snapshot.layers.get(QUALIFIED)
    return (0 if layer is None else len(layer)), snapshot.state.number
