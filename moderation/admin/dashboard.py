"""The desk's front page: what waits, and how it has been going."""

from __future__ import annotations

from typing import Any

from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from moderation.admin.desk import DeskAdmin
from moderation.admin.plots import Bar, Part, Plot, stacked
from moderation.models import Upload
from moderation.selectors import dashboard
from moderation.selectors.dashboard import Day, Quality
from moderation.services.desk import hourly_stats

FRESH = 60
"""Seconds for which the plots are kept in the cache."""
VERDICTS = (("allow", "good"), ("hold", "warn"), ("block", "bad"), ("refused", "plain"))


class DashboardPages(DeskAdmin):
    """Mixed into the uploads' admin."""

    def dashboard_urls(self) -> list[URLPattern]:
        """Return one address."""
        return [path("desk/", self.guarded(self.desk_page, "view_upload"), name="moderation_desk")]

    def desk_page(self, request: HttpRequest) -> HttpResponse:
        """Show cards with what waits, then the plots."""
        key = f"moderation.dashboard.{get_language()}"
        context = {
            "oldest": Upload.objects.filter(status=Upload.Status.HELD).order_by("pk").first(),
            **(cache.get_or_set(key, _plots, FRESH) or {}),
        }
        return self.page(request, "desk.html", context, title=_("Moderators' desk"))


def _plots() -> dict[str, Any]:
    """Return everything that need not be of this second."""
    hours = dashboard.hourly_stats()
    hours.append(hourly_stats.count(timezone.now().replace(minute=0, second=0, microsecond=0)))
    days = dashboard.days_of(hours)
    verdicts = dashboard.added(hour.verdict_times for hour in hours)
    decisions = dashboard.added(hour.decision_times for hour in hours)
    quality = dashboard.quality()
    return {
        "days": _days(days),
        "total": sum(day.counts["uploads"] for day in days),
        "stopped": sum(day.counts["block"] for day in days),
        "times": [
            (_("to the verdict"), _span(verdicts, 0.5), _span(verdicts, 0.95)),
            (_("to a moderator's decision"), _span(decisions, 0.5), _span(decisions, 0.95)),
        ],
        "methods": _methods(quality),
        "lists": _lists(quality),
        "hits": dashboard.most_hits(),
        "monitored": [
            {"name": name, "block": outcomes["block"], "hold": outcomes["hold"]}
            for name, outcomes in sorted(dashboard.monitored().items())
        ],
        "suspended": dashboard.suspended(),
    }


def _days(days: list[Day]) -> Plot:
    return stacked(
        [
            Bar(
                day.day.strftime("%m-%d"),
                f"{day.day.isoformat()}: "
                + ", ".join(f"{name} {day.counts[name]}" for name, _kind in VERDICTS if day.counts[name]),
                tuple(Part(kind, day.counts[name]) for name, kind in VERDICTS),
            )
            for day in days
        ]
    )


def _methods(quality: Quality) -> list[dict[str, Any]]:
    """Return for each method a histogram that shows where right turns into wrong."""
    return [
        {
            "method": method,
            "plot": stacked(
                [
                    Bar(
                        str(one.distance),
                        _("%(distance)s bits: right %(right)s, wrong %(wrong)s")
                        % {"distance": one.distance, "right": one.right, "wrong": one.wrong},
                        (Part("good", one.right), Part("bad", one.wrong)),
                    )
                    for one in judged
                ],
                labels=8,
            ),
        }
        for method, judged in sorted(quality.by_method.items())
    ]


def _lists(quality: Quality) -> list[dict[str, Any]]:
    return [
        {"name": name, "right": right, "wrong": wrong, "share": round(100 * wrong / (right + wrong))}
        for name, (right, wrong) in quality.by_list.items()
    ]


def _span(buckets: list[int], share: float) -> str:
    """Return “≤ 0.2 s”: the buckets double, so this is within a factor of two."""
    seconds = hourly_stats.quantile(buckets, share)
    if seconds is None:
        return "–"
    for size, unit in ((86_400, _("d")), (3_600, _("h")), (60, _("min"))):
        if seconds >= size:
            return f"≤ {seconds / size:.1f} {unit}"
    return f"≤ {seconds:.1f} {_('s')}" if seconds >= 1 else f"≤ {seconds:.2f} {_('s')}"
