"""Periodic work without a scheduler: bounded, now and then, after a request, by one process at a time."""

from __future__ import annotations

import logging
import threading
import time
from datetime import timedelta
from typing import Any

from django.core.signals import request_finished
from django.db import DatabaseError, connections

from moderation.conf import get_settings
from moderation.exceptions import ModerationError
from moderation.services.dispatching import dispatcher
from moderation.services.operations import sweeping
from moderation.services.revision import database

logger = logging.getLogger("moderation.housekeeping")

LIMIT = 20
"""Uploads in one round, since a visitor's connection waits for it."""


class Housekeeper:
    """Looks after each request whether it is time, and does one round if so."""

    def __init__(self) -> None:
        self._busy = threading.Lock()
        self._next = 0.0

    def after_request(self, **_kwargs: Any) -> None:
        """Handle :data:`django.core.signals.request_finished`."""
        pause = get_settings().housekeeping_seconds
        if not pause or time.monotonic() < self._next or not dispatcher().periodic:
            return
        if connections[database()].allow_thread_sharing:
            # As in a LiveServerTestCase on SQLite in memory: another thread may be in a transaction of its
            # own on this very connection, and ours would be mixed with it.
            return
        if not self._busy.acquire(blocking=False):
            return
        try:
            self._next = time.monotonic() + pause
            if sweeping.take_turn("housekeeping", pause=timedelta(seconds=pause)):
                sweeping.sweep(limit=LIMIT, work_here=True)
        except (DatabaseError, ModerationError):
            # The request is answered already; the next one tries again.
            logger.exception("housekeeping failed")
        finally:
            self._busy.release()


housekeeper = Housekeeper()
"""The one of this process."""


def connect() -> None:
    """Begin to listen for the end of requests."""
    request_finished.connect(housekeeper.after_request, dispatch_uid="moderation.housekeeping")
