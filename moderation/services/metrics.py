"""What happens here, counted for Prometheus (extra ``metrics``); without the extra nothing is counted.

Labels come from fixed sets: no id, no name, nothing of a picture. Numbers of a process are kept by that
process. Where several serve one address (gunicorn's workers, a Celery worker's pool),
``PROMETHEUS_MULTIPROC_DIR`` names a folder in which they add up. What the database knows is read when
it is asked for: :mod:`moderation.services.operations.exposition`.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

try:
    import prometheus_client
except ImportError:
    INSTALLED = False
else:
    INSTALLED = True
    _verdicts = prometheus_client.Counter(
        "moderation_verdicts", "Screenings of uploads that came to an end.", ["verdict", "reason"]
    )
    _waited = prometheus_client.Histogram(
        "moderation_verdict_seconds",
        "From the submission of an upload to its verdict.",
        buckets=(0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800),
    )
    _stages = prometheus_client.Histogram(
        "moderation_stage_seconds",
        "Time of each stage of a screening.",
        ["stage"],
        buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
    )
    _stage_cpu = prometheus_client.Counter(
        "moderation_stage_cpu_seconds", "Processor time of each stage, in the calling thread.", ["stage"]
    )
    _attempts = prometheus_client.Counter(
        "moderation_attempts", "Leases of uploads, by how they ended.", ["outcome"]
    )
    _sandbox = prometheus_client.Counter(
        "moderation_sandbox_failures", "Decoder processes that were killed, died or were busy.", ["code"]
    )
    _refusals = prometheus_client.Counter("moderation_refusals", "Files that the door refused.", ["reason"])
    _limited = prometheus_client.Counter(
        "moderation_uploads_limited", "Uploads that came too soon after others of their uploader."
    )
    _api = prometheus_client.Histogram(
        "moderation_api_seconds",
        "Requests of the HTTP API, by the name that its operator gave the key.",
        ["key", "route", "status"],
        buckets=(0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5),
    )
    _dispatch = prometheus_client.Counter(
        "moderation_dispatch_failures", "Wake-ups that were not sent; the sweep finds their rows."
    )


def verdict(verdict: str, reason: str, *, seconds: float) -> None:
    """Count a screening of an upload that has committed, ``seconds`` after the submission."""
    if INSTALLED:
        _verdicts.labels(verdict, reason).inc()
        _waited.observe(max(seconds, 0.0))


@contextmanager
def stage(name: str) -> Iterator[None]:
    """Time one stage of a screening: ``read``, ``decode``, ``match``, ``publish`` or ``write``."""
    if not INSTALLED:
        yield
        return
    wall, processor = time.perf_counter(), time.thread_time()
    try:
        yield
    finally:
        _stages.labels(name).observe(time.perf_counter() - wall)
        _stage_cpu.labels(name).inc(time.thread_time() - processor)


def attempt(outcome: str) -> None:
    """Count a lease that has ended: ``decided``, ``overtaken``, ``error``, or the code of a failure."""
    if INSTALLED:
        _attempts.labels(outcome).inc()


def sandbox_failed(code: str) -> None:
    """Count a decoder process that failed, at the door or in a screening."""
    if INSTALLED:
        _sandbox.labels(code).inc()


def refused_at_the_door(reason: str) -> None:
    """Count a file that we do not take."""
    if INSTALLED:
        _refusals.labels(reason).inc()


def too_many_uploads() -> None:
    """Count an uploader who was told to wait."""
    if INSTALLED:
        _limited.inc()


def dispatch_failed(count: int = 1) -> None:
    """Count wake-ups that did not reach the broker."""
    if INSTALLED:
        _dispatch.inc(count)


def api_request(key: str, route: str, status: int, *, seconds: float) -> None:
    """Count a request of the HTTP API; ``key`` is the name of the key, empty for none."""
    if INSTALLED:
        _api.labels(key, route, str(status)).observe(seconds)
