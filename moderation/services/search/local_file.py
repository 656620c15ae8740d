"""The index of local signatures between this process, its packed file and the database.

The file, ``banned-local-1.index``, only saves time and memory, as processes share what they map. One that
is missing, damaged or of another database is not used. Whoever has gathered much that is in no file writes
a new one in the background, as with the files of fingerprints (:mod:`~moderation.services.search.index_files`).
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
from django.db.models import QuerySet

from moderation.domain.local import compaction
from moderation.domain.local.index import METHOD, LocalIndex
from moderation.domain.local.layer import Layer, packed
from moderation.domain.local.signature import LocalSignature
from moderation.models import LocalFingerprint
from moderation.services.revision import RevisionState
from moderation.services.search.index import continues
from moderation.services.search.index_files import IndexFiles

LOOSE = 1_000
"""Signatures outside of the file, or dead ones in it, from which a new file pays whatever its size. A ban
costs about 8 ms beside so many."""
PART = 50
"""Or, in a long list, one in so many."""
UNCOMPACTED = 20_000
"""Signatures that are added one by one where no file can be written; with more, the index is packed anew in memory."""
SIGNATURES_PER_STEP = 2_000
"""Signatures that are added in one step."""
ROWS_PER_FETCH = 500
"""Rows that the database hands over at a time."""

Signatures = Iterator[tuple[LocalSignature, int]]


class Held:
    """What a process holds; the keeper of the files may compact it in a thread of its own."""

    def __init__(self, index: LocalIndex, state: RevisionState) -> None:
        self.index = index
        self.state = state
        """That ``index`` holds, at least: set after it was brought to it."""
        self.compacted: LocalIndex | None = None
        """From the new file, once that is written."""

    @property
    def revision(self) -> int:
        """Of ``state``."""
        return self.state.number

    @property
    def file_revision(self) -> int:
        """Of the file underneath; 0 where there is none."""
        compacted = self.compacted
        return self.index.revision if compacted is None else compacted.revision

    def __len__(self) -> int:
        return len(self.index)

    def should_compact(self) -> bool:
        """Return whether a new file would pay: much outside of it, or much dead in it."""
        layers = self.index.layers
        whole = sum(len(layer.items) for layer in layers)
        loose = self.index.fresh if self.index.revision else whole
        return max(loose, whole - len(self.index)) > max(LOOSE, whole // PART)

    def compact(self, path: Path, *, algorithm: str) -> None:
        """Write what is held into a new file and map that. The layers may be ahead of ``state``: whoever
        opens the file catches up from its revision, and adding again changes nothing.

        Raises :class:`OSError`, and :class:`IndexFileFault` where the file cannot be read back.
        """
        state = self.state  # read before the layers
        compaction.write(path, self.index.layers, revision=state.number, history_id=state.token.bytes)
        self.compacted = LocalIndex.open(path)


def start(files: IndexFiles, state: RevisionState) -> LocalIndex:
    """Return an index that holds ``state``, at least."""
    index = files.opened(METHOD, LocalIndex.open, validate=lambda index: _validate(index, state))
    if index is None:
        return from_database()
    bring(index, since=index.revision)
    return index


def _validate(index: LocalIndex, state: RevisionState) -> str:
    held = RevisionState(index.revision, uuid.UUID(bytes=index.history_id), 0)
    if held.number and continues(held, state):
        return ""
    return f"it is of revision {held.number} of another database, or of one that was restored since"


def from_database() -> LocalIndex:
    """Return an index of what is active, packed in memory. Read the revision that it is to stand for before."""
    return LocalIndex.build(_active())


def parts() -> list[Layer]:
    """Yield the same in layers of bounded size, to be compacted into a file: making one large layer takes twice its
    memory."""
    found = []
    signatures = _active()
    while part := list(islice(signatures, SIGNATURES_PER_STEP * 5)):
        found.append(packed(part))
    return found


def bring(index: LocalIndex, *, since: int) -> None:
    """Add what was banned after the revision ``since``, and take out what was retired after it."""
    new = _signatures(LocalFingerprint.objects.active().filter(revision__gt=since))
    while batch := list(islice(new, SIGNATURES_PER_STEP)):
        index.add_many(batch)
    # After the additions: an entry that is retired while they are read goes again.
    gone = LocalFingerprint.objects.filter(banned__retired_revision__gt=since)
    index.retire(np.fromiter(gone.values_list("pk", flat=True), dtype=np.int64))


def _active() -> Signatures:
    return _signatures(LocalFingerprint.objects.active())


def _signatures(rows: QuerySet[LocalFingerprint]) -> Signatures:
    for pk, data in rows.filter(method=METHOD).values_list("pk", "data").iterator(ROWS_PER_FETCH):
        yield LocalSignature.from_bytes(bytes(data)), pk
