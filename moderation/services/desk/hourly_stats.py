"""Hourly counts for the dashboard.

An hour is tallied once it is over, from the history: no verdict waits for a counter that every worker
would write to, and dropping the table and tallying again gives the same numbers. The present hour is
counted when a page asks for it.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models import Count
from django.utils import timezone

from moderation.models import Decision, HourlyTally, Refusal, Screening, Upload

HOUR = timedelta(hours=1)
SETTLES = timedelta(minutes=1)
"""How long an hour is left alone after its end: a transaction that began in it may still commit."""
EDGES: tuple[float, ...] = tuple(0.05 * (1 << power) for power in range(25))
"""Upper edges of the buckets of the histograms, in seconds: 0.05 s to 9.7 days; one more is open."""


def roll_up(*, limit: int = 72) -> int:
    """Tally the hours that are over and not tallied yet, the oldest first; how many."""
    done = 0
    now = timezone.now()
    hour = _first_missing()
    while hour is not None and done < limit and hour + HOUR + SETTLES <= now:
        tally = count(hour)
        HourlyTally.objects.update_or_create(
            hour=hour,
            defaults={
                "counts": tally.counts,
                "verdict_times": tally.verdict_times,
                "decision_times": tally.decision_times,
            },
        )
        done += 1
        hour = _next_with_events(hour + HOUR)
    return done


def rebuild() -> int:
    """Forget every tally and count again from the history."""
    HourlyTally.objects.all().delete()
    total = 0
    while done := roll_up():
        total += done
    return total


def count(hour: datetime) -> HourlyTally:
    """Count what happened in the hour that begins at ``hour``; not saved. Six queries."""
    within = {"created_at__gte": hour, "created_at__lt": hour + HOUR}
    first = Screening.objects.filter(occasion="upload", **within).order_by()
    counts: dict[str, int] = dict(first.values_list("verdict").annotate(Count("pk")))
    counts["uploads"] = sum(counts.values())
    said = Decision.objects.filter(**within).order_by()
    for kind, number in said.values_list("kind").annotate(Count("pk")):
        counts[f"decision:{kind}"] = number
    counts["door"] = Refusal.objects.filter(**within).count()
    return HourlyTally(
        hour=hour,
        counts={name: number for name, number in counts.items() if number},
        verdict_times=histogram(_verdict_times(dict(first.values_list("upload_id", "created_at")))),
        decision_times=histogram(_decision_times(hour)),
    )


def histogram(seconds: Iterable[float]) -> list[int]:
    """Return counts by :data:`EDGES`, without empty buckets at the end."""
    buckets = [0] * (len(EDGES) + 1)
    for value in seconds:
        buckets[next((place for place, edge in enumerate(EDGES) if value <= edge), len(EDGES))] += 1
    while buckets and not buckets[-1]:
        buckets.pop()
    return buckets


def quantile(buckets: list[int], share: float) -> float | None:
    """Return the upper edge of the bucket that holds this quantile, in seconds; None without values."""
    total = sum(buckets)
    if not total:
        return None
    seen = 0
    for place, number in enumerate(buckets):
        seen += number
        if seen >= share * total:
            return EDGES[min(place, len(EDGES) - 1)]
    return EDGES[-1]


def _verdict_times(screened: dict[int, datetime]) -> list[float]:
    sent: dict[int, datetime] = {}
    ids = list(screened)
    for start in range(0, len(ids), 500):
        rows = Upload.objects.filter(pk__in=ids[start : start + 500])
        sent.update(rows.values_list("pk", "submitted_at"))
    return [(screened[pk] - moment).total_seconds() for pk, moment in sent.items()]


def _decision_times(hour: datetime) -> list[float]:
    said = Decision.objects.filter(
        created_at__gte=hour,
        created_at__lt=hour + HOUR,
        kind__in=(Decision.Kind.APPROVE, Decision.Kind.REJECT),
        upload_id__isnull=False,
    ).values_list("upload_id", "created_at")
    decided = {pk: moment for pk, moment in said if pk is not None}
    held: dict[int, datetime] = {}
    ids = list(decided)
    for start in range(0, len(ids), 500):
        rows = Screening.objects.filter(upload_id__in=ids[start : start + 500], verdict="hold")
        held.update(rows.order_by("pk").values_list("upload_id", "created_at"))
    return [(decided[pk] - moment).total_seconds() for pk, moment in held.items() if moment <= decided[pk]]


def _first_missing() -> datetime | None:
    newest = HourlyTally.objects.order_by("-hour").values_list("hour", flat=True).first()
    return _next_with_events(newest + HOUR) if newest else _next_with_events(None)


def _next_with_events(since: datetime | None) -> datetime | None:
    """Return the first hour from ``since`` on in which anything happened: quiet ones are not stored."""
    moments: list[datetime] = []
    for model in (Screening, Decision, Refusal):
        rows = model._default_manager.order_by("created_at")
        if since is not None:
            rows = rows.filter(created_at__gte=since)
        moment = rows.values_list("created_at", flat=True).first()
        if moment is not None:
            moments.append(moment)
    if not moments:
        return None
    return min(moments).replace(minute=0, second=0, microsecond=0)
