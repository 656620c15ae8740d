"""How it has been going: days, times, the entries with most hits, and right and wrong by distance."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import zip_longest

from django.db.models import Count, Max
from django.utils import timezone

from moderation.models import BannedImage, Decision, HourlyTally, Match, Screening
from moderation.selectors.review import leading_of

DAYS = 30
LATEST_MATCHES = 50_000
"""Hits are counted among so many of the newest matches, whatever the length of the history."""
LATEST_DECISIONS = 1_000
RIGHT = (Decision.Kind.REJECT, Decision.Kind.DENY)
WRONG = (Decision.Kind.APPROVE, Decision.Kind.GRANT, Decision.Kind.RESTORE)


@dataclass(frozen=True, slots=True)
class Day:
    """One day's numbers."""

    day: date
    counts: Counter[str]


def days_of(tallies: Iterable[HourlyTally]) -> list[Day]:
    """Return the last :data:`DAYS` days in the site's time zone, the oldest first, quiet ones too."""
    today = timezone.localdate()
    days = {today - timedelta(days=back): Counter[str]() for back in reversed(range(DAYS))}
    for tally in tallies:
        day = timezone.localtime(tally.hour).date()
        if day in days:
            days[day].update(tally.counts)
    return [Day(day, counts) for day, counts in days.items()]


def hourly_stats() -> list[HourlyTally]:
    """Return the stored hours of the last :data:`DAYS` days."""
    since = timezone.now() - timedelta(days=DAYS)
    return list(HourlyTally.objects.filter(hour__gte=since).order_by("hour"))


def added(histograms: Iterable[list[int]]) -> list[int]:
    """Return histograms on the same edges, as one."""
    total: list[int] = []
    for one in histograms:
        total = [left + right for left, right in zip_longest(total, one, fillvalue=0)]
    return total


@dataclass(frozen=True, slots=True)
class Hits:
    """An entry and how often it was matched lately."""

    banned: BannedImage
    hits: int


def most_hits(*, limit: int = 8) -> list[Hits]:
    """Return the entries with the most hits, in three queries, over the newest matches."""
    newest = Match.objects.order_by().aggregate(newest=Max("pk"))["newest"] or 0
    recent = Match.objects.filter(pk__gt=newest - LATEST_MATCHES, set_aside="").order_by()
    counted = dict(
        recent.values_list("banned_id").annotate(n=Count("screening", distinct=True)).order_by("-n")[:limit]
    )
    entries = BannedImage.objects.select_related("blocklist").in_bulk(list(counted))
    return [Hits(entries[pk], number) for pk, number in counted.items() if pk in entries]


def monitored() -> dict[str, Counter[str]]:
    """Return monitoring list → what it would have done to uploads (``block``, ``hold``), among the newest matches;
    two queries."""
    newest = Match.objects.order_by().aggregate(newest=Max("pk"))["newest"] or 0
    recent = Match.objects.filter(pk__gt=newest - LATEST_MATCHES, set_aside="monitor").order_by()
    rows = recent.values_list("blocklist", "screening__upload_id", "band").distinct()
    worst: dict[tuple[str, int], str] = {}
    for slug, upload, band in rows:
        outcome = "hold" if band == "hold" else "block"
        if outcome == "block" or (slug, upload) not in worst:
            worst[slug, upload] = outcome
    found: dict[str, Counter[str]] = {}
    for (slug, _upload), outcome in worst.items():
        found.setdefault(slug, Counter())[outcome] += 1
    return found


def suspended() -> int:
    """Return the number of active entries that wait for a senior moderator's look."""
    entries = BannedImage.objects.active().filter(suspended=True)
    return entries.order_by()[:100].count()


@dataclass(frozen=True, slots=True)
class Judged:
    """How moderators judged matches at one distance."""

    distance: int
    """In bits; the lower edge of a bin of :data:`BIN`."""
    right: int
    wrong: int


BIN = 4
FARTHEST = 48
"""A histogram reaches at least so far, in bits: about as far as hold radii do."""


@dataclass(frozen=True, slots=True)
class Quality:
    """What the latest decisions say about the matches that led to them."""

    by_method: dict[str, list[Judged]]
    by_list: dict[str, tuple[int, int]]
    """Blocklist → (right, wrong)."""


def quality() -> Quality:
    """Judge the matches that moderators had before them when they decided; five queries, over the latest decisions
    about uploads. What was undone counts for nothing."""
    latest = _latest_decisions()
    distances: dict[str, Counter[tuple[int, bool]]] = {}
    lists: Counter[tuple[str, bool]] = Counter()
    for upload, match in _matches_seen(latest).items():
        right = latest[upload].kind in RIGHT
        lists[match.blocklist, right] += 1
        if match.band != "exact":
            distances.setdefault(match.method, Counter())[match.distance // BIN * BIN, right] += 1
    by_method = {
        method: [
            Judged(distance, counted[distance, True], counted[distance, False])
            for distance in range(0, max(FARTHEST, *(place for place, _ in counted)) + BIN, BIN)
        ]
        for method, counted in distances.items()
    }
    names = sorted({name for name, _ in lists})
    return Quality(by_method, {name: (lists[name, True], lists[name, False]) for name in names})


def _latest_decisions() -> dict[int, Decision]:
    """Return upload → the last thing that was said about it and still stands."""
    said = Decision.objects.filter(kind__in=(*RIGHT, *WRONG), upload_id__isnull=False).order_by("-pk")
    decisions = list(said[:LATEST_DECISIONS])
    uploads = {decision.upload_id for decision in decisions}
    undoing = Decision.objects.filter(upload_id__in=uploads, undoes_id__isnull=False).order_by()
    undone = set(undoing.values_list("undoes_id", flat=True))
    latest: dict[int, Decision] = {}
    for decision in decisions:
        if decision.pk not in undone and decision.upload_id is not None:
            latest.setdefault(decision.upload_id, decision)
    return latest


def _matches_seen(decisions: Mapping[int, Decision]) -> dict[int, Match]:
    """Return upload → the match that led the screening which the moderator saw, the newest one before the decision.

    A later one has set aside what an approval cleared, and finds nothing where tiles were learned to be background.
    """
    seen: dict[int, int] = {}
    screenings = Screening.objects.filter(upload_id__in=list(decisions)).order_by("pk")
    for pk, upload, made, revision in screenings.values_list("pk", "upload_id", "created_at", "revision"):
        decision = decisions[upload]
        if made <= decision.created_at and revision <= decision.revision:
            seen[upload] = pk
    return leading_of({screening: upload for upload, screening in seen.items()})
