"""The text that Prometheus reads: what processes counted, and what the database knows now."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db.models import Count, Min
from django.db.models.functions import Now

from moderation.exceptions import MetricsUnavailable
from moderation.models import AUDIT_MODELS, FileRemoval, Heartbeat, Rescan, Revision, Upload
from moderation.services import dispatching, metrics, revision
from moderation.services.history import sealing
from moderation.services.operations import heartbeat
from moderation.services.search.index import banned_codes

if TYPE_CHECKING:
    from prometheus_client import Metric


@dataclass(frozen=True, slots=True)
class Gauge:
    """One number, or one for each process."""

    name: str
    text: str
    values: Mapping[str, float]
    """By process; the empty name where there is one for the installation."""


def exposition() -> tuple[bytes, str]:
    """Return the text and its content type. Raises :class:`MetricsUnavailable` without the extra."""
    if not metrics.INSTALLED:
        raise MetricsUnavailable
    from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

    registry = CollectorRegistry()
    registry.register(_State())
    return counted() + generate_latest(registry), CONTENT_TYPE_LATEST


def counted() -> bytes:
    """Return what this process counted, or all that share its folder. Raises :class:`MetricsUnavailable`."""
    if not metrics.INSTALLED:
        raise MetricsUnavailable
    from prometheus_client import REGISTRY, CollectorRegistry, generate_latest
    from prometheus_client.multiprocess import MultiProcessCollector

    if not os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        return generate_latest(REGISTRY)
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return generate_latest(registry)


def gauges() -> Iterator[Gauge]:
    """Yield what alerts are made of; a handful of indexed queries."""
    (now,) = Revision.objects.annotate(now=Now()).values_list("now", flat=True)
    waiting = Upload.objects.pending()
    found = waiting.aggregate(count=Count("pk"), oldest=Min("submitted_at"))
    yield Gauge("pending_uploads", "Uploads without a verdict.", {"": found["count"]})
    yield Gauge("oldest_pending_seconds", "Age of the oldest of them.", {"": _age(found["oldest"], now)})
    held = Upload.objects.filter(status=Upload.Status.HELD).aggregate(count=Count("pk"))
    yield Gauge("held_uploads", "Uploads that wait for a moderator.", {"": held["count"]})
    rescans = Rescan.objects.open().aggregate(oldest=Min("created_at"))
    yield Gauge("oldest_rescan_seconds", "Age of the oldest open search.", {"": _age(rescans["oldest"], now)})
    due = FileRemoval.objects.filter(not_before__lte=now).aggregate(oldest=Min("not_before"))
    yield Gauge(
        "overdue_removal_seconds", "Since when a file should be gone.", {"": _age(due["oldest"], now)}
    )
    unsealed = [
        sealing.unsealed(model).aggregate(oldest=Min("created_at"))["oldest"] for model in AUDIT_MODELS
    ]
    ages = [_age(oldest, now) for oldest in unsealed]
    yield Gauge("oldest_unsealed_seconds", "Age of the oldest history row without a seal.", {"": max(ages)})
    yield from _indexes(now)


def _indexes(now: datetime) -> Iterator[Gauge]:
    current = revision.current()
    yield Gauge("revision", "Of the blocklists.", {"": current.number})
    yield Gauge("banned_entries", "Active entries that can change a verdict.", {"": current.entries})
    beats = list(heartbeat.fresh())
    own = banned_codes.snapshot
    if dispatching.dispatcher().periodic and own is not None:
        codes = sum(len(layer) for layer in own.layers.values())
        beats = [
            Heartbeat(name=heartbeat.process_name(), revision=own.state.number, codes=codes, written_at=now)
        ]
    lag = {beat.name: max(current.number - beat.revision, 0) for beat in beats}
    yield Gauge("revision_lag", "Changes that a process has not seen; a screening catches up first.", lag)
    yield Gauge("index_codes", "Codes in a process's index.", {beat.name: beat.codes for beat in beats})
    silence = {beat.name: _age(beat.written_at, now) for beat in beats}
    yield Gauge("heartbeat_age_seconds", "Since a process said that it is well.", silence)
    unwell = {beat.name: float(bool(beat.fault)) for beat in beats}
    yield Gauge("heartbeat_fault", "Whether a process would not find the canary.", unwell)


def _age(since: datetime | None, now: datetime) -> float:
    return max((now - since) / timedelta(seconds=1), 0.0) if since else 0.0


class _State:
    """A collector, as prometheus_client wants them."""

    def collect(self) -> Iterator[Metric]:
        from prometheus_client.core import GaugeMetricFamily

        for gauge in gauges():
            labels = [] if "" in gauge.values else ["process"]
            family = GaugeMetricFamily(f"moderation_{gauge.name}", gauge.text, labels=labels)
            for process, value in gauge.values.items():
                family.add_metric([process] if labels else [], value)
            yield family
