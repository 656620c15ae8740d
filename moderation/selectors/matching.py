"""What matching asks the database: radii in force, active entries, exact copies, new codes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.db.models import Q, QuerySet

from moderation.conf import get_settings
from moderation.domain.algorithms import ALGORITHMS, radii_for
from moderation.domain.policy import Entry, Hit
from moderation.domain.radii import NEVER, Band
from moderation.exceptions import UnknownBlocklist
from moderation.models import BannedImage, Blocklist, Fingerprint

LOCAL_MODES = ("off", "hold", "block")
"""What the second tier may do, the least first: an entry's own mode can only be less than its list's."""
PARAMETERS = 10_000
"""Of one statement; PostgreSQL takes 65,535."""
Radii = Mapping[str, Any]
"""Algorithm → [block or null, hold], as :attr:`Blocklist.radii` stores it."""


def blocklist_named(slug: str) -> Blocklist:
    """Return the list, or :class:`UnknownBlocklist`, which names those that there are."""
    found = Blocklist.objects.filter(slug=slug).first()
    if found is None:
        known = ", ".join(Blocklist.objects.values_list("slug", flat=True))
        raise UnknownBlocklist(f"There is no blocklist “{slug}”. There are: {known or 'none'}.")
    return found


def bands(entries: int, *overrides: Radii | None) -> dict[str, Band]:
    """Return radii by versioned algorithm: the last override that names it, else the settings, else the measured
    default for a list of ``entries``."""
    settings = get_settings()
    result = {}
    for name in settings.algorithms:
        chosen = settings.radii.get(name)
        for override in overrides:
            chosen = (override or {}).get(name, chosen)
        band = radii_for(name, entries) if chosen is None else _band(chosen)
        result[ALGORITHMS[name].qualified] = band
    return result


def _band(pair: Any) -> Band:
    block, hold = pair
    return Band(NEVER if block is None else block, hold)


def policy_entries(ids: Iterable[int], *, entries: int, tenant: str = "") -> dict[int, Entry]:
    """Return the active ones among these entries, as policy wants them, of everybody's lists and those of ``tenant``. One
    query, but for thousands of them."""
    wanted = list(set(ids))
    found: dict[int, Entry] = {}
    for start in range(0, len(wanted), PARAMETERS):
        found |= _policy_entries(wanted[start : start + PARAMETERS], entries, tenant)
    return found


def _policy_entries(ids: list[int], entries: int, tenant: str) -> dict[int, Entry]:
    rows = (
        BannedImage.objects.active()
        .filter(pk__in=ids, blocklist__tenant__in={"", tenant})
        .values_list(
            "pk",
            "exact_only",
            "suspended",
            "radii",
            "blocklist__slug",
            "blocklist__action",
            "blocklist__local",
            "local",
            "blocklist__radii",
        )
    )
    return {
        pk: Entry(
            banned=pk,
            blocklist=slug,
            action=action,
            bands=bands(entries, list_radii, own),
            exact_only=exact_only,
            suspended=suspended,
            local=min(local, own_local or local, key=LOCAL_MODES.index),
        )
        for pk, exact_only, suspended, own, slug, action, local, own_local, list_radii in rows
    }


def tightening() -> QuerySet[BannedImage]:
    """Return the entries that default radii count (:attr:`Revision.entries`), in no order."""
    return (
        BannedImage.objects.active()
        .filter(suspended=False, blocklist__action__in=Blocklist.DECIDING)
        .order_by()
    )


def local_wanted() -> bool:
    """Return whether any list uses the second tier, and it is there."""
    using = Blocklist.objects.exclude(local=Blocklist.Local.OFF).exclude(action=Blocklist.Action.ALLOW)
    return get_settings().local and using.exists()


def widest_radii(entries: int) -> dict[str, int]:
    """Return the largest hold radius in force for each algorithm: how far a search must go."""
    lists = [bands(entries, radii) for radii in Blocklist.objects.values_list("radii", flat=True)]
    # Unordered: the model's own order would read the whole table.
    own = BannedImage.objects.active().filter(radii__isnull=False).order_by()
    lists += [
        bands(entries, list_radii, radii)
        for list_radii, radii in own.values_list("blocklist__radii", "radii")
    ]
    return {
        algorithm: max(max(found[algorithm].hold, found[algorithm].block) for found in lists)
        for algorithm in bands(entries)
        if lists
    }


def exact_hits(*, sha256: bytes, pixels: bytes | None) -> list[Hit]:
    """Return active entries with the same bytes or the same canonical pixels."""
    same = Q(sha256=sha256) | Q(pixels=pixels) if pixels else Q(sha256=sha256)
    # Unordered: the model's own order would keep the database from asking the two indexes.
    active = BannedImage.objects.active().filter(same).order_by()
    hits = []
    for pk, their_bytes, their_pixels in active.values_list("pk", "sha256", "pixels"):
        if their_bytes and bytes(their_bytes) == sha256:
            hits.append(Hit(pk, "sha256", 0, band="exact"))
        if pixels and their_pixels and bytes(their_pixels) == pixels:
            hits.append(Hit(pk, "pixels/1", 0, band="exact"))
    return sorted(hits, key=lambda hit: (hit.method != "sha256", hit.banned))


def codes_since(revision: int, *, limit: int) -> list[tuple[int, str, bytes]]:
    """Return (entry, algorithm, bits) of active entries that are newer than ``revision``; at most ``limit + 1``."""
    rows = Fingerprint.objects.active().filter(revision__gt=revision)
    return [
        (banned, algorithm, bytes(bits))
        for banned, algorithm, bits in rows.values_list("banned_id", "algorithm", "bits")[: limit + 1]
    ]
