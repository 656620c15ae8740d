"""Hourly counts, from the history alone."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from moderation.models import Decision, HourlyTally, Screening
from moderation.services.desk import hourly_stats

pytestmark = pytest.mark.django_db


def _history() -> None:
    now = timezone.now().replace(minute=30, second=0, microsecond=0)
    for number, (hours, verdict) in enumerate([(30, "allow"), (30, "block"), (5, "hold"), (0, "allow")], 1):
        Screening(
            upload_id=number, revision=0, verdict=verdict, reason="x", created_at=now - timedelta(hours=hours)
        ).save()
    Decision(kind="reject", actor_id="1", upload_id=3, revision=0, created_at=now - timedelta(hours=4)).save()


def test_hours_that_are_over_are_counted_once() -> None:
    _history()
    assert hourly_stats.roll_up() == 3
    assert hourly_stats.roll_up() == 0
    counts = [tally.counts for tally in HourlyTally.objects.order_by("hour")]
    assert counts == [
        {"allow": 1, "block": 1, "uploads": 2},
        {"hold": 1, "uploads": 1},
        {"decision:reject": 1},
    ]
    decided = HourlyTally.objects.latest("hour").decision_times
    assert hourly_stats.quantile(decided, 0.5) == min(edge for edge in hourly_stats.EDGES if edge >= 3600)


def test_counting_again_gives_the_same_numbers() -> None:
    _history()
    hourly_stats.roll_up()
    before = list(HourlyTally.objects.order_by("hour").values())
    assert hourly_stats.rebuild() == 3
    assert list(HourlyTally.objects.order_by("hour").values()) == before


@pytest.mark.parametrize(
    ("seconds", "share", "edge"),
    [([0.01], 0.5, 0.05), ([0.07, 0.07, 300.0], 0.5, 0.1), ([0.07, 0.07, 300.0], 0.95, 409.6)],
)
def test_quantiles_are_the_edges_of_their_buckets(seconds: list[float], share: float, edge: float) -> None:
    assert hourly_stats.quantile(hourly_stats.histogram(seconds), share) == pytest.approx(edge)


def test_nothing_has_no_quantile() -> None:
    assert hourly_stats.quantile([], 0.5) is None
    assert hourly_stats.roll_up() == 0
