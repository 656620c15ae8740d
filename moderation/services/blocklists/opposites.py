"""What stands on the other side of a picture that is about to be listed: near it, allowed where it is banned, banned
where it is allowed; and which of the two wins then."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.db.models import Q
from django.utils.translation import gettext as _

from moderation import selectors
from moderation.domain.analysis import Analysis
from moderation.domain.policy import EXACT_METHODS, Hit, band_of, nearer
from moderation.exceptions import AllowedExactly
from moderation.models import BannedImage, Blocklist
from moderation.services import revision
from moderation.services.search.index import banned_codes

ALLOW = Blocklist.Action.ALLOW
SHOWN = 10


@dataclass(frozen=True, slots=True)
class Opposite:
    """An active entry of the other side within its hold radius."""

    banned: int
    blocklist: str
    distances: Mapping[str, int]
    """Method → bits; 0 for an exact copy."""
    words: str
    """Which of the two wins, in a sentence."""

    @property
    def measure(self) -> str:
        """``dhash256/1: 12, phash256/1: 20``."""
        return ", ".join(f"{method}: {bits}" for method, bits in sorted(self.distances.items()))


def opposites(analysis: Analysis, *, blocklist: Blocklist, exact_only: bool = False) -> list[Opposite]:
    """Return the nearest entries of the other side, the nearest first; none for a list that only watches."""
    if blocklist.action not in (ALLOW, *Blocklist.DECIDING):
        return []
    wanted = Blocklist.DECIDING if blocklist.action == ALLOW else (ALLOW,)
    hits: list[Hit] = []
    if analysis.sha256:
        hits = selectors.exact_hits(sha256=analysis.sha256, pixels=analysis.pixels)
    if not exact_only:
        hits += banned_codes.catch_up().search(analysis.enrolment)
    entries = selectors.policy_entries(
        (hit.banned for hit in hits), entries=revision.current().entries, tenant=blocklist.tenant
    )
    found: dict[int, dict[str, int]] = {}
    for hit in hits:
        entry = entries.get(hit.banned)
        if entry is not None and entry.action in wanted and band_of(hit, entry):
            known = found.setdefault(hit.banned, {})
            known[hit.method] = min(hit.distance, known.get(hit.method, hit.distance))
    rows = [
        Opposite(
            banned,
            entries[banned].blocklist,
            distances,
            _words(banned, distances, allows=blocklist.action == ALLOW),
        )
        for banned, distances in found.items()
    ]
    return sorted(rows, key=lambda row: (min(row.distances.values()), row.banned))[:SHOWN]


def _words(banned: int, distances: Mapping[str, int], *, allows: bool) -> str:
    exactly = any(method in EXACT_METHODS for method in distances)
    # A copy of the allowed one lies at 0 from it, and this far from the banned one.
    apart = nearer(
        [Hit(0, method, 0) for method in distances],
        [Hit(0, method, far) for method, far in distances.items()],
    )
    number = {"entry": banned}
    if allows and exactly:
        text = _("It is banned as entry #%(entry)s: exact copies pass from now on, near ones do not.")
    elif allows and apart:
        text = _("Copies nearer to it than to entry #%(entry)s pass; copies of #%(entry)s do not.")
    elif allows:
        text = _("It is so near to entry #%(entry)s, which is banned, that only exact copies of it pass.")
    elif exactly:
        text = _("An exact copy is allowed by entry #%(entry)s: retire that one first.")
    elif apart:
        text = _("Copies of it are stopped; those that are nearer to entry #%(entry)s pass as before.")
    else:
        text = _(
            "It is so near to entry #%(entry)s, which is allowed, that near copies of that are stopped too."
        )
    return text % number


def refuse_what_is_allowed(*, sha256: bytes, pixels: bytes | None, blocklist: Blocklist) -> None:
    """Raise :class:`AllowedExactly` where a ban would do nothing for the very picture that it is made of: an exact copy
    is allowed."""
    if blocklist.action not in Blocklist.DECIDING:
        return
    same = Q(sha256=sha256) if sha256 else Q(pk__in=[])
    if pixels:
        same |= Q(pixels=pixels)
    allowed = (
        BannedImage.objects.active()
        .filter(
            same,
            blocklist__action=ALLOW,
            blocklist__tenant__in={"", blocklist.tenant},
        )
        .order_by("pk")
    )
    entry = allowed.values_list("pk", flat=True).first()
    if entry is not None:
        raise AllowedExactly(f"{AllowedExactly.message} It is entry {entry}.")
