"""Signs of life: which index each process holds, and whether it would find a banned picture."""

from __future__ import annotations

import os
import socket
from datetime import timedelta

from django.db.models import F, QuerySet
from django.db.models.functions import Now

from moderation.exceptions import ModerationError
from moderation.models import Heartbeat
from moderation.services import revision
from moderation.services.operations import canary
from moderation.services.search.index import banned_codes
from moderation.services.uploads.queue import in_database_time

FRESH = timedelta(seconds=45)
"""Older ones say nothing about now. Several times the pause between two (10 s), since one may have to
wait for a screening or a rescan to end."""
KEPT = timedelta(hours=1)
COLUMNS = ("revision", "database_revision", "codes", "fault", "written_at")


def process_name() -> str:
    """Return ``machine:number`` of this process."""
    return f"{socket.gethostname()}:{os.getpid()}"


def write() -> Heartbeat:
    """Bring this process's index up to date, test it, and say in the database how that went.

    A fault of the index or the decoder is written down, not raised. Raises
    :class:`django.db.DatabaseError` where nothing can be written.
    """
    current = revision.current().number
    try:
        fault = canary.fault_of(banned_codes.catch_up())
    except ModerationError as failure:
        fault = failure.code
    held = banned_codes.snapshot
    beat = Heartbeat(
        name=process_name(),
        revision=held.state.number if held else 0,
        database_revision=current,
        codes=sum(len(layer) for layer in held.layers.values()) if held else 0,
        fault=fault,
        written_at=Now(),
    )
    Heartbeat.objects.bulk_create(
        [beat], update_conflicts=True, unique_fields=["name"], update_fields=COLUMNS
    )
    Heartbeat.objects.filter(written_at__lt=in_database_time(-KEPT)).delete()
    return beat


def fresh() -> QuerySet[Heartbeat]:
    """Return the heartbeats of the last :data:`FRESH`."""
    return Heartbeat.objects.filter(written_at__gt=in_database_time(-FRESH))


def sound() -> QuerySet[Heartbeat]:
    """Return the fresh ones of processes that held the current revision then and found the canary."""
    return fresh().filter(fault="", revision__gte=F("database_revision"))
