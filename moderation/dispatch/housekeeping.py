"""Periodic work without a scheduler: bounded, now and then, after a request, by one process at a time."""

from __future__ import annotations

import logging
import threading
import time
from datetime import timedelta
from typing import Any

from django.core.signals import request_finished
from django.db import DatabaseError

from moderation.conf import get_settings
from moderation.services import sweeping
from moderation.services.dispatching import dispatcher

logger = logging.getLogger("moderation.housekeeping")

LIMIT = 20
"""Uploads in one round, since somebody's connection waits for it."""

_busy = threading.Lock()
_next = 0.0


def connect() -> None:
    """Begin to listen for the end of requests."""
    request_finished.connect(_after_request, dispatch_uid="moderation.housekeeping")


def _after_request(**_kwargs: Any) -> None:
    global _next
    pause = get_settings().housekeeping_seconds
    if not pause or time.monotonic() < _next or not dispatcher().periodic:
        return
    if not _busy.acquire(blocking=False):
        return
    try:
        _next = time.monotonic() + pause
        if sweeping.take_turn("housekeeping", pause=timedelta(seconds=pause)):
            sweeping.sweep(limit=LIMIT, work_here=True)
    except DatabaseError:
        # The request is answered already; the next one tries again.
        logger.exception("housekeeping failed")
    finally:
        _busy.release()
