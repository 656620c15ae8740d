"""Whether this installation can take an upload and judge it. For load balancers, so without details."""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from django.core.files.storage import Storage
from django.db import Error as DatabaseFault

from moderation import storage
from moderation.conf import get_settings
from moderation.exceptions import ModerationError
from moderation.models import Upload
from moderation.services import revision
from moderation.services.dispatching import dispatcher
from moderation.services.operations import canary, heartbeat
from moderation.services.search.index import banned_codes
from moderation.services.uploads import queue

logger = logging.getLogger("moderation.health")

REMEMBERED = 10.0
"""Seconds for which a passed test of the storage or the canary is believed: probes come often, from
anybody, and these cost something."""


@dataclass(frozen=True, slots=True)
class Readiness:
    """The name of each check, and why it failed as a short code; empty where it passed."""

    checks: dict[str, str]

    @property
    def ready(self) -> bool:
        """Whether uploads should be sent here."""
        return not any(self.checks.values())


def readiness() -> Readiness:
    """Look at database, storage, backlog, and at the index: of the workers, or inline of this process."""
    found = {"database": _look(_database)}
    if found["database"]:
        return Readiness(found)
    found["storage"] = _look(_storage_works)
    found["pending"] = _look(_pending)
    if dispatcher().periodic:
        found["index"] = _look(_own_index)
    else:
        found["workers"] = _look(_workers)
    return Readiness(found)


def forget() -> None:
    """Believe nothing that was found earlier."""
    _passed.clear()


def _look(check: Callable[[], str]) -> str:
    try:
        fault = check()
    except DatabaseFault as error:
        logger.warning("not ready: the database: %s", type(error).__name__)
        return "database_unavailable"
    except ModerationError as error:
        fault = error.code
    if fault:
        logger.warning("not ready: %s", fault)
    return fault


_passed: dict[str, float] = {}
_lock = threading.Lock()


def _remembered(name: str, check: Callable[[], str]) -> str:
    with _lock:
        if time.monotonic() - _passed.get(name, -REMEMBERED) < REMEMBERED:
            return ""
        fault = check()
        if fault:
            _passed.pop(name, None)
        else:
            _passed[name] = time.monotonic()
        return fault


def _database() -> str:
    revision.current()
    return ""


def _storage_works() -> str:
    return _remembered("storage", lambda: _works(storage.quarantine()) or _works(storage.public()))


def _works(area: Storage) -> str:
    data = secrets.token_bytes(16)
    try:
        name = storage.write(area, storage.fresh_name("doctor"), data)
        same = storage.read(area, name) == data
        area.delete(name)
    except Exception as error:  # noqa: BLE001 -- a storage raises what it likes
        logger.warning("not ready: a storage: %s", type(error).__name__)
        return "storage_unavailable"
    return "" if same else "storage_damaged"


def _pending() -> str:
    limit = timedelta(seconds=get_settings().pending_alarm_seconds)
    late = Upload.objects.pending().filter(
        submitted_at__lt=queue.in_database_time(-limit),
    )
    return "uploads_wait_too_long" if late.exists() else ""


def _own_index() -> str:
    # Each time: another revision is another question. The canary is only sung now and then.
    snapshot = banned_codes.catch_up()
    return _remembered("canary", lambda: canary.fault_of(snapshot))


def _workers() -> str:
    if heartbeat.sound().exists():
        return ""
    faults = heartbeat.fresh().order_by("-written_at").values_list("fault", flat=True)
    newest = faults.first()
    return "no_worker" if newest is None else newest or "index_behind"
