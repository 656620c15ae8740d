"""What a period's moderation comes to, for a transparency report: counted from the history, appeals and reports."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from statistics import median
from typing import Any

from django.db.models import Count, F, QuerySet
from django.utils import timezone

from moderation.models import Appeal, Decision, Refusal, Report, Screening, Upload
from moderation.selectors.dashboard import WRONG
from moderation.selectors.review import leading_of

Figures = dict[str, Any]
Verdict = Screening.Verdict


def period(first: date, last: date) -> tuple[datetime, datetime]:
    """Return the first moment of the first day and that after the last one, in the site's time zone."""
    zone = timezone.get_current_timezone()
    return (
        datetime.combine(first, time.min, tzinfo=zone),
        datetime.combine(last + timedelta(days=1), time.min, tzinfo=zone),
    )


def figures(start: datetime, end: datetime) -> Figures:
    """Return the numbers of the time from ``start`` to before ``end``, ready for JSON.

    ``machine`` counts the first verdict of each upload, ``reasons`` why it was not to let it through; ``later`` what
    searches for new entries stopped among earlier uploads; ``lists`` the blocklists that rejections rested on;
    ``person`` what people decided and did not take back. Times are medians in seconds. ``errors`` says how many of the
    uploads that the machine rejected a person published later, whenever that was.
    """
    within = {"created_at__gte": start, "created_at__lt": end}
    judged = Screening.objects.filter(**within).order_by()
    first, again = judged.filter(occasion="upload"), judged.filter(occasion="rescan")
    stopped = first.exclude(verdict=Verdict.ALLOW)
    said = _standing(Decision.objects.filter(**within).order_by())
    asked, reported = Appeal.objects.filter(**within), Report.objects.filter(**within)
    return {
        "from": start.isoformat(),
        "to": end.isoformat(),
        "uploads": Upload.objects.filter(submitted_at__gte=start, submitted_at__lt=end).count(),
        "machine": _counted(first, "verdict"),
        "reasons": _counted(stopped, "reason"),
        "later": _counted(again.filter(verdict__in=(Verdict.HOLD, Verdict.BLOCK)), "verdict"),
        "lists": _lists(judged.filter(verdict=Verdict.BLOCK)),
        "door": _counted(Refusal.objects.filter(**within), "reason"),
        "person": _counted(said, "kind"),
        "reports": {"received": reported.count(), **_counted(reported, "status")},
        "appeals": {"asked": asked.count(), **_counted(asked, "status")},
        "seconds": {
            "verdict": _median(_verdict_times(first)),
            "decision": _median(_decision_times(said)),
            "appeal": _median(_answer_times(Appeal.objects.all(), start, end)),
            "report": _median(_answer_times(Report.objects.all(), start, end)),
        },
        "errors": _errors(judged.filter(verdict=Verdict.BLOCK)),
    }


def _counted(rows: QuerySet[Any], column: str) -> dict[str, int]:
    return dict(sorted(rows.order_by().values_list(column).annotate(Count("pk"))))


def _standing(decisions: QuerySet[Decision]) -> QuerySet[Decision]:
    undone = Decision.objects.filter(undoes_id__isnull=False).order_by().values("undoes_id")
    return decisions.filter(undoes_id__isnull=True).exclude(pk__in=undone)


def _lists(blocked: QuerySet[Screening]) -> dict[str, int]:
    leading = leading_of({pk: pk for pk in blocked.values_list("pk", flat=True)})
    return dict(sorted(Counter(match.blocklist for match in leading.values()).items()))


def _verdict_times(first: QuerySet[Screening]) -> Iterable[timedelta]:
    judged = dict(first.values_list("upload_id", "created_at"))
    sent = Upload.objects.filter(pk__in=first.values("upload_id")).order_by()
    return [judged[pk] - at for pk, at in sent.values_list("pk", "submitted_at")]


def _decision_times(said: QuerySet[Decision]) -> Iterable[timedelta]:
    """Return how long each decision came after the upload was held."""
    decided = said.filter(kind__in=(Decision.Kind.APPROVE, Decision.Kind.REJECT), upload_id__isnull=False)
    held: dict[int, list[datetime]] = {}
    rows = Screening.objects.filter(upload_id__in=decided.values("upload_id"), verdict=Verdict.HOLD)
    for upload, at in rows.order_by("pk").values_list("upload_id", "created_at"):
        held.setdefault(upload, []).append(at)
    times = []
    for upload, at in decided.values_list("upload_id", "created_at"):
        before = [one for one in held.get(upload or 0, ()) if one <= at]
        times += [at - before[0]] if before else []
    return times


def _answer_times(rows: QuerySet[Any], start: datetime, end: datetime) -> Iterable[timedelta]:
    answered = rows.filter(answered_at__gte=start, answered_at__lt=end).order_by()
    return answered.values_list(F("answered_at") - F("created_at"), flat=True)


def _median(times: Iterable[timedelta]) -> float | None:
    seconds = [time.total_seconds() for time in times]
    return round(median(seconds), 3) if seconds else None


def _errors(blocked: QuerySet[Screening]) -> dict[str, Any]:
    uploads = set(blocked.values_list("upload_id", flat=True))
    published = _standing(Decision.objects.filter(kind__in=WRONG, upload_id__in=blocked.values("upload_id")))
    wrong = len(uploads & set(published.values_list("upload_id", flat=True)))
    rate = round(wrong / len(uploads), 4) if uploads else None
    return {"rejected_by_machine": len(uploads), "published_later": wrong, "rate": rate}


def rows(found: Figures) -> list[tuple[str, str, Any]]:
    """Return figures as (group, name, value), for a table or a file of comma-separated values."""
    flat: list[tuple[str, str, Any]] = []
    for group, value in found.items():
        if isinstance(value, dict):
            flat += [(group, name, number) for name, number in value.items()]
        else:
            flat.append((group, "", value))
    return flat
