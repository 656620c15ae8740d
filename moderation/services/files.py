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
from django.utils import timezone

from moderation import storage
from moderation.domain.analysis import Encoded
from moderation.models import FileRemoval, Upload
from moderation.services.revision import database

logger = logging.getLogger("moderation.files")

ANNOUNCED = timedelta(minutes=10)
"""How long a public file may wait for the transaction that refers to it."""
RETRY = timedelta(minutes=1)
AT_ONCE = 20
"""Notes that are locked together."""


def keep_private(encoded: Encoded, *, folder: str) -> str:
    """Write a re-encoding to quarantine; its name."""
    return storage.write(storage.quarantine(), storage.fresh_name(folder, encoded.format), encoded.data)


def area_of(upload: Upload) -> str:
    """Where the upload's published file goes."""
    return storage.area_of(upload.target_model, upload.target_field)


def announce_public(encoded: Encoded, *, upload: Upload) -> str:
    """Write the public file of a target that no row refers to yet; its unguessable name."""
    area = area_of(upload)
    target = storage.storage_of(area)
    name = target.get_available_name(
        storage.published_name(upload.target_model, upload.target_id, upload.target_field, encoded.format)
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
    """The announced file is not needed after all."""
    FileRemoval.objects.filter(area=area_of(upload), name=name).update(not_before=timezone.now())
    remove_due(names=[name])


def remove_later(*files: tuple[str, str]) -> None:
    """Note files (area and name) for removal in the running transaction, and try it after the commit."""
    notes = FileRemoval.objects.bulk_create(FileRemoval(area=area, name=name) for area, name in files if name)
    if notes:
        keys = [note.pk for note in notes]
        transaction.on_commit(lambda: _remove(keys), using=database(), robust=True)


def remove_due(*, names: list[str] | None = None, limit: int = 500) -> int:
    """Remove what is due; the number of files that the storage confirmed as gone."""
    due = FileRemoval.objects.filter(not_before__lte=timezone.now()).order_by("not_before")
    if names is not None:
        due = due.filter(name__in=names)
    keys = list(due.values_list("pk", flat=True)[:limit])
    return sum(_remove(keys[start : start + AT_ONCE]) for start in range(0, len(keys), AT_ONCE))


def _remove(keys: list[int]) -> int:
    # The rows stay locked while the files go, so that a late transaction cannot claim one meanwhile.
    with transaction.atomic(using=database()):
        removals = list(FileRemoval.objects.select_for_update(skip_locked=_skips()).filter(pk__in=keys))
        kept = _referred_to(removals)
        gone = [removal for removal in removals if removal.name not in kept and _deleted(removal)]
        done = [removal.pk for removal in removals if removal in gone or removal.name in kept]
        FileRemoval.objects.filter(pk__in=done).delete()
        return len(gone)


def _deleted(removal: FileRemoval) -> bool:
    try:
        storage.storage_of(removal.area).delete(removal.name)
    except Exception as error:  # noqa: BLE001 -- a storage raises what it likes; the note stays for the sweep
        logger.warning("file removal %s failed: %s", removal.pk, type(error).__name__)
        removal.attempts += 1
        removal.last_error = type(error).__name__
        removal.not_before = timezone.now() + RETRY
        removal.save()
        return False
    return True


def _skips() -> bool:
    return connections[database()].features.has_select_for_update_skip_locked


def _referred_to(removals: list[FileRemoval]) -> set[str]:
    """Names of published files among them that an upload refers to."""
    names = {removal.name for removal in removals if removal.area != storage.QUARANTINE}
    if not names:
        return set()
    return set(Upload.objects.filter(published__in=names).values_list("published", flat=True))
