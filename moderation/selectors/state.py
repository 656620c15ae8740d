"""What decides about verdicts, in plain values: lists, entries, and digests of their codes.

A change to the blocklists writes them into the history, and a replay of the history is compared with them.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from django.db.models import Max, Min

from moderation.conf import get_settings
from moderation.models import BannedImage, Blocklist, Fingerprint, LocalFingerprint

LIST = ("action", "radii", "local", "tenant", "policy_text", "keep_evidence")
ENTRY = ("exact_only", "radii", "suspended", "local", "expires_at")
SETTINGS = (
    "algorithms",
    "radii",
    "formats",
    "max_bytes",
    "max_pixels",
    "max_frames",
    "max_attempts",
    "confirm_reach",
    "valve_users",
    "local",
    "local_reach",
)
"""Settings that alter verdicts, or who may bring them about."""
EXACT, MUTED = "exact", "muted"
"""Beside the names of algorithms: digests of the bytes and the pixels, and tiles that do not count."""
ENTRIES_PER_FETCH = 2_000
ROWS_PER_FETCH = 200

Codes = dict[str, str]
"""Algorithm → digest of the codes of one entry, 32 hexadecimal digits."""


def plain(value: Any) -> Any:
    """Return what JSON gives back for this value."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    return json.loads(json.dumps(dict(value) if isinstance(value, Mapping) else value))


def list_values(blocklist: Blocklist, names: Iterable[str] = LIST) -> dict[str, Any]:
    """Return what of a list decides, and what its uploaders are told."""
    return {name: plain(getattr(blocklist, name)) for name in names}


def entry_values(banned: BannedImage, names: Iterable[str] = ENTRY) -> dict[str, Any]:
    """Return what of an entry decides, beside its codes."""
    return {name: plain(getattr(banned, name)) for name in names if name in ENTRY}


DEFAULTS: Mapping[str, Any] = entry_values(BannedImage())
"""Of a fresh entry."""


def initial_lists() -> dict[str, Blocklist]:
    """Return the two lists, unsaved, that every installation begins with."""
    allowlist = Blocklist(slug="allowlist", name="Allowlist", action=Blocklist.Action.ALLOW)
    return {"default": Blocklist(slug="default", name="Default"), "allowlist": allowlist}


def settings_values() -> dict[str, Any]:
    """Return the settings of this process that alter verdicts, by their names in ``MODERATION``."""
    settings = get_settings()
    return {name.upper(): plain(getattr(settings, name)) for name in SETTINGS}


def codes_of(banned_id: int) -> Codes:
    """Return the digests of one entry."""
    return codes_between(banned_id, banned_id).get(banned_id, {})


def codes_between(first: int, last: int) -> dict[int, Codes]:
    """Return the digests of the entries with these ids, both included."""
    digests: dict[int, Codes] = {}
    rows = BannedImage.objects.filter(pk__range=(first, last)).order_by("pk")
    for pk, sha256, pixels, flat in rows.values_list("pk", "sha256", "pixels", "flat"):
        exact = [bytes(value or b"").hex() for value in (sha256, pixels)]
        digests[pk] = {EXACT: _digest([*exact, str(flat)])} if any((*exact, flat)) else {}
    codes: defaultdict[tuple[int, str], list[str]] = defaultdict(list)
    for pk, algorithm, bits, variant in _fingerprints(first, last):
        codes[pk, algorithm].append(f"{bytes(bits).hex()} {variant}")
    for pk, method, data, muted in _signatures(first, last):
        signature = hashlib.sha256(bytes(data)).hexdigest()
        codes[pk, method].append(signature)
        if muted:
            codes[pk, MUTED].append(f"{signature} {bytes(muted).hex()}")
    for (pk, name), parts in codes.items():
        digests.setdefault(pk, {})[name] = _digest(sorted(parts))
    return digests


def _fingerprints(first: int, last: int) -> Iterator[Any]:
    rows = Fingerprint.objects.filter(banned_id__gte=first, banned_id__lte=last).order_by()
    return rows.values_list("banned_id", "algorithm", "bits", "variant").iterator(ENTRIES_PER_FETCH)


def _signatures(first: int, last: int) -> Iterator[Any]:
    rows = LocalFingerprint.objects.filter(banned_id__gte=first, banned_id__lte=last).order_by()
    return rows.values_list("banned_id", "method", "data", "muted").iterator(ROWS_PER_FETCH)


def _digest(parts: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]


class RangeDigest:
    """One digest over the codes of many entries, in the order of their ids."""

    def __init__(self) -> None:
        self.count = 0
        self._digest = hashlib.sha256(b"moderation.range/1")

    def add(self, banned_id: int, codes: Codes) -> None:
        """Go on with the next entry."""
        self.count += 1
        self._digest.update(f"{banned_id} {json.dumps(codes, sort_keys=True)}\n".encode())

    def hex(self) -> str:
        """Return 64 hexadecimal digits."""
        return self._digest.hexdigest()


def entered(banned: BannedImage) -> dict[str, Any]:
    """Return an entry as a change writes it down: its list, what is not at its default, its codes."""
    codes = codes_of(banned.pk)
    muted = codes.pop(MUTED, None)
    own = changed_values(banned)
    return {"list": banned.blocklist.slug, **own, "codes": codes, **({MUTED: muted} if muted else {})}


def changed_values(banned: BannedImage) -> dict[str, Any]:
    """Return what of an entry is not at its default; ``active`` for one that is retired."""
    values = entry_values(banned)
    changed = {name: values[name] for name, default in DEFAULTS.items() if values[name] != default}
    return changed if banned.active else {**changed, "active": False}


def brought_by(revision: int, blocklist: str) -> list[list[Any]]:
    """Return ``[[list, first id, last id, number, digest]]`` of the entries that an import has just made, whose
    ids follow one another; empty where it made none."""
    ids = Fingerprint.objects.filter(revision=revision).aggregate(
        first=Min("banned_id"), last=Max("banned_id")
    )
    if ids["first"] is None:
        return []
    digest = RangeDigest()
    for start in range(ids["first"], ids["last"] + 1, ENTRIES_PER_FETCH):
        end = min(start + ENTRIES_PER_FETCH - 1, ids["last"])
        for pk, codes in codes_between(start, end).items():
            digest.add(pk, codes)
    return [[blocklist, ids["first"], ids["last"], digest.count, digest.hex()]]
