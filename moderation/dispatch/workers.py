"""What a Celery app that runs our tasks wants: ``workers.install(app)``, where the app is made.

A Celery worker keeps its database connection from task to task, as a web process does from request to
request: until ``CONN_MAX_AGE``, or until an error makes it doubtful (``CONN_HEALTH_CHECKS``).

Celery closes every connection before and after each task. A new one is a new process of the server, with
empty caches.
"""

from __future__ import annotations

from typing import Any

from celery import Celery
from celery.signals import task_postrun, task_prerun
from django.db import close_old_connections

from moderation.dispatch import redis_transport

NEVER = 1 << 62
"""Tasks after which Celery itself closes the connection."""


def install(app: Celery) -> None:
    """Let workers of ``app`` keep their database connections, by Django's rule, and let them go on after Redis was
    frozen. Call it in every process of the app."""
    redis_transport.install()
    app.conf["CELERY_DB_REUSE_MAX"] = NEVER
    for signal in (task_prerun, task_postrun):
        signal.connect(_close_old, dispatch_uid="moderation.dispatch.workers")


def _close_old(sender: Any = None, **_kwargs: Any) -> None:
    # A task that runs eagerly shares its caller's connection, and transaction.
    if not getattr(getattr(sender, "request", None), "is_eager", False):
        close_old_connections()
