"""Files follow rows.

A public file is announced (a :class:`FileRemoval` that falls due later) before it is written; the
transaction that refers to it takes the announcement back. A file that has to go is noted in the
transaction that drops the reference, and removed after the commit, again and again until the
storage confirms. Whatever a crash leaves behind, the next sweep removes.
"""

from __future__ import annotations

import logging
from datetime import timedelta

from django.db import connections, transaction
from django.db.models import F
from django.utils import timezone

from moderation import signals, storage
from moderation.domain.analysis import Encoded
from moderation.models import FileRemoval, Upload
from moderation.services.revision import database

logger = logging.getLogger("moderation.files")

ANNOUNCED = timedelta(minutes=10)
"""How long a public file may wait for the transaction that refers to it."""
RETRY = timedelta(minutes=1)
NOTES_PER_LOCK = 20
"""Notes that are locked together."""


def keep_private(encoded: Encoded, *, folder: str) -> str:
    """Write a re-encoding to quarantine; its name."""
    return storage.write(storage.quarantine(), storage.fresh_name(folder, encoded.format), encoded.data)


def area_of(upload: Upload) -> str:
    """Return where the upload's published file goes."""
    return storage.area_of(upload.target_model, upload.target_field)


def announce_public(encoded: Encoded, *, upload: Upload) -> str:
    """Write the public file of a target that no row refers to yet; its unguessable name."""
    area = area_of(upload)
    target = storage.storage_of(area)
    name = target.get_available_name(
        storage.published_name(upload.target_model, upload.target_id, upload.target_field, encoded.format),
        max_length=storage.longest_name(upload.target_model, upload.target_field),
    )
    removal = FileRemoval.objects.create(area=area, name=name, not_before=timezone.now() + ANNOUNCED)
    written = storage.write(target, name, encoded.data)
    if written != name:
        FileRemoval.objects.filter(pk=removal.pk).update(name=written)
    return written


def claim_public(upload: Upload, name: str) -> bool:
    """Take the announcement back, inside the transaction that refers to the file; False where the
    sweep was faster, so that the file has to be written again."""
    taken, _ = FileRemoval.objects.filter(area=area_of(upload), name=name).delete()
    return taken > 0


def abandon_public(upload: Upload, name: str) -> None:
    """Remove an announced file that is not needed after all."""
    FileRemoval.objects.filter(area=area_of(upload), name=name).update(not_before=timezone.now())
    remove_due(names=[name])


def remove_later(*files: tuple[str, str]) -> None:
    """Note files (area and name) for removal in the running transaction, and try it after the commit."""
    notes = FileRemoval.objects.bulk_create(FileRemoval(area=area, name=name) for area, name in files if name)
    if notes:
        transaction.on_commit(lambda: _remove(notes), using=database(), robust=True)


def remove_due(*, names: list[str] | None = None, limit: int = 500) -> int:
    """Remove what is due; the number of files that the storage confirmed as gone."""
    due = FileRemoval.objects.filter(not_before__lte=timezone.now()).order_by("not_before")
    if names is not None:
        due = due.filter(name__in=names)
    notes = list(due[:limit])
    return sum(
        _remove(notes[start : start + NOTES_PER_LOCK]) for start in range(0, len(notes), NOTES_PER_LOCK)
    )


def _remove(notes: list[FileRemoval]) -> int:
    """Remove the files of committed notes; how many are gone."""
    private = [note for note in notes if note.area == storage.QUARANTINE]
    shown = [note.pk for note in notes if note.area != storage.QUARANTINE]
    # Where rows cannot be locked the transaction keeps every writer out: then for one file only.
    groups = [shown] if _skips() else [[pk] for pk in shown]
    return _remove_private(private) + sum(_remove_shown(group) for group in groups if group)


def _remove_private(notes: list[FileRemoval]) -> int:
    # Without a lock: nobody claims a name in quarantine, and to delete a file twice does no harm.
    gone = [note.pk for note in notes if _deleted(note)]
    if gone:
        FileRemoval.objects.filter(pk__in=gone).delete()
    return len(gone)


def _remove_shown(keys: list[int]) -> int:
    # The rows stay locked while the files go, so that a late transaction cannot claim one meanwhile.
    with transaction.atomic(using=database()):
        notes = list(FileRemoval.objects.select_for_update(skip_locked=_skips()).filter(pk__in=keys))
        names = [note.name for note in notes]
        kept = set(Upload.objects.filter(published__in=names).values_list("published", flat=True))
        gone = [note.pk for note in notes if note.name not in kept and _deleted(note)]
        done = [*gone, *(note.pk for note in notes if note.name in kept)]
        FileRemoval.objects.filter(pk__in=done).delete()
        return len(gone)


def _deleted(note: FileRemoval) -> bool:
    try:
        storage.storage_of(note.area).delete(note.name)
        if note.area != storage.QUARANTINE:
            _tell_host(note)
    except Exception as error:  # noqa: BLE001 -- a storage raises what it likes; the note stays for the sweep
        logger.warning("file removal %s failed: %s", note.pk, type(error).__name__)
        FileRemoval.objects.filter(pk=note.pk).update(
            attempts=F("attempts") + 1,
            last_error=type(error).__name__,
            not_before=timezone.now() + RETRY,
        )
        return False
    return True


def _tell_host(note: FileRemoval) -> None:
    model, field = storage.target_of(note.area)
    # A savepoint: a handler whose statement fails must not take the removals of other files with it.
    with transaction.atomic(using=database()):
        signals.file_removed.send(
            model, storage=storage.storage_of(note.area), name=note.name, model=model, field=field
        )


def _skips() -> bool:
    return connections[database()].features.has_select_for_update_skip_locked
