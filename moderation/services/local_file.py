"""The index of local signatures at the start of a process: from its packed file, or from the database.

The file, ``banned-local-1.index``, only saves time and memory, as processes share what they map. One that
is missing, damaged, of another database or far behind is not used; ``manage.py rebuild_index`` writes it.
"""

from __future__ import annotations

import logging
import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from django.db.models import QuerySet

from moderation.domain.index import IndexFileFault
from moderation.domain.local.index import METHOD, LocalIndex
from moderation.domain.local.signature import LocalSignature
from moderation.models import LocalFingerprint
from moderation.services.index import continues
from moderation.services.index_files import IndexFiles
from moderation.services.revision import RevisionState

logger = logging.getLogger("moderation.local")

FRESH = 5_000
"""Signatures that are added to a packed index one by one; with more, it is opened or packed anew."""
BATCH = 500
"""Rows that the database hands over at a time."""


def path() -> Path | None:
    """Where the file lies; None where the settings want no files."""
    return IndexFiles("banned").path(METHOD)


def start(state: RevisionState) -> LocalIndex:
    """An index that holds ``state``, at least."""
    index = _opened(state)
    if index is None:
        return from_database()
    bring(index, since=index.revision)
    return index


def from_database() -> LocalIndex:
    """An index of what is active, packed in memory. Read the revision that it is to stand for before."""
    return LocalIndex.build(
        _signatures(LocalFingerprint.objects.filter(banned__retired_revision__isnull=True))
    )


def bring(index: LocalIndex, *, since: int) -> None:
    """Add what was banned after the revision ``since``, and take out what was retired after it."""
    new = LocalFingerprint.objects.filter(revision__gt=since, banned__retired_revision__isnull=True)
    index.add_many(_signatures(new))
    # After the additions: an entry that is retired while they are read goes again.
    gone = LocalFingerprint.objects.filter(banned__retired_revision__gt=since)
    index.retire(np.fromiter(gone.values_list("pk", flat=True), dtype=np.int64))


def _opened(state: RevisionState) -> LocalIndex | None:
    place = path()
    if place is None:
        return None
    if not os.access(place, os.F_OK):
        logger.info("there is no %s; its signatures are read from the database", place.name)
        return None
    try:
        index = LocalIndex.open(place)
        reason = _doubt(index, state)
    except IndexFileFault as fault:
        index, reason = None, str(fault)
    if reason:
        logger.warning("%s is not used, its signatures are read from the database: %s", place.name, reason)
        return None
    return index


def _doubt(index: LocalIndex, state: RevisionState) -> str:
    held = RevisionState(index.revision, uuid.UUID(bytes=index.lineage), 0)
    if not held.number or not continues(held, state):
        return f"it is of revision {held.number} of another database, or of one that was restored since"
    newer = LocalFingerprint.objects.filter(revision__gt=held.number, method=METHOD)[: FRESH + 1].count()
    return f"more than {FRESH:,} signatures are newer" if newer > FRESH else ""


def _signatures(rows: QuerySet[LocalFingerprint]) -> Iterator[tuple[LocalSignature, int]]:
    for pk, data in rows.filter(method=METHOD).values_list("pk", "data").iterator(BATCH):
        yield LocalSignature.from_bytes(bytes(data)), pk
