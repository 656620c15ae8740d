"""Files: can they be written, is the quarantine private, are the published ones there."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings as django_settings
from django.core.files.storage import FileSystemStorage, Storage
from django.db import transaction

from moderation import storage
from moderation.exceptions import PictureMissing
from moderation.models import Upload
from moderation.services import files
from moderation.services.operations.diagnosis.finding import Finding
from moderation.services.rescans import rescreening
from moderation.services.revision import database

NEWEST = 10_000
"""Published files that are looked for: a storage across the network takes milliseconds for each."""


def quarantine_works(_mend: bool) -> Finding:
    """Find out whether the private area can be written, read and cleared."""
    return _works(storage.quarantine(), "Quarantine")


def public_works(_mend: bool) -> Finding:
    """Find out whether the public area can be written, read and cleared."""
    return _works(storage.public(), "Public storage")


def _works(area: Storage, name: str) -> Finding:
    data = secrets.token_bytes(64)
    written = ""
    try:
        written = storage.write(area, storage.fresh_name("doctor"), data)
        if storage.read(area, written) != data:
            return Finding.fault(f"{name} gives back something else than was written.")
        area.delete(written)
        if area.exists(written):
            return Finding.fault(f"{name} does not delete files.")
    except Exception as error:  # noqa: BLE001 -- a storage raises what it likes
        return Finding.fault(
            f"{name} cannot be written, read and deleted from: {type(error).__name__}: {error}. "
            "Look at the folder's owner and free space, or at the bucket's permissions."
        )
    return Finding.fine(f"{name} can be written, read and deleted from.")


def quarantine_is_private(_mend: bool) -> Finding:
    """Find out whether a web server gives out what is not published."""
    area = storage.quarantine()
    try:
        url = area.url("doctor")
    except (ValueError, NotImplementedError, TypeError):
        url = None
    if isinstance(area, FileSystemStorage):
        # Django takes MEDIA_URL where base_url is None; nothing is served there unless the folder is.
        if url is not None and area.base_url != FileSystemStorage().base_url:
            return Finding.fault(
                f"Quarantine has an address, {url!r}. Take its base_url out of STORAGES: what is not published "
                "must not have one."
            )
        url = None
    if url is not None and getattr(area, "querystring_auth", True) is False:
        return Finding.fault(
            "The quarantine bucket gives out unsigned addresses. Set querystring_auth to True."
        )
    for served in _served_folders():
        place = _folder(area)
        if place is not None and place.is_relative_to(served):
            return Finding.fault(
                f"Quarantine ({place}) lies inside {served}, which the web server gives out. Move it elsewhere."
            )
    if url is not None:
        return Finding.warning("Quarantine gives out signed addresses. See that the bucket is private.")
    return Finding.fine("Quarantine has no address.")


def _served_folders() -> Iterator[Path]:
    public = _folder(storage.public())
    if public is not None:
        yield public
    for name in ("MEDIA_ROOT", "STATIC_ROOT"):
        folder = getattr(django_settings, name, None)
        if folder:
            yield Path(folder).resolve()


def _folder(area: Storage) -> Path | None:
    try:
        return Path(area.path("")).resolve()
    except NotImplementedError:
        return None


def published_files(mend: bool) -> Finding:
    """Find approved uploads without their file; it can be written again from our re-encoding."""
    public = Upload.objects.filter(status=Upload.Status.APPROVED).exclude(published="").order_by("-pk")
    missing, mended = [], 0
    rows = list(public.values_list("pk", "published", "target_model", "target_field")[:NEWEST])
    for pk, name, model, field in rows:
        if not storage.storage_of(storage.area_of(model, field)).exists(name):
            if mend and _written_again(pk, name):
                mended += 1
            else:
                missing.append(pk)
    if missing:
        return Finding.fault(
            f"{len(missing)} approved uploads have no file any more. `doctor --mend` writes again what can be.",
            mended=mended,
            uploads=missing[:100],
        )
    return Finding.fine(f"The newest {len(rows):,} published files are there.", mended=mended)


def _written_again(pk: int, name: str) -> bool:
    # The row is locked meanwhile: a take-down that comes now waits, and then removes this file too.
    with transaction.atomic(using=database()):
        upload = Upload.objects.select_for_update().filter(pk=pk, published=name).first()
        if upload is None:
            return True
        try:
            encoded = rescreening.clean_file(upload)
        except (OSError, PictureMissing):
            return False
        if encoded is None:
            return False
        area = storage.storage_of(files.area_of(upload))
        written = storage.write(area, name, encoded.data)
        if written != name:
            area.delete(written)
        return written == name
