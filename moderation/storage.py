"""Where files live: *quarantine* for what is not published, *public* for what is."""

from __future__ import annotations

import secrets
from pathlib import Path

from django.apps import apps
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, Storage, storages
from django.db.models import FileField, Model
from django.utils.deconstruct import deconstructible

from moderation.conf import get_settings

QUARANTINE, PUBLIC = "quarantine", "public"
"""Names of the two areas that every installation has."""
NAME_LENGTH = 200
"""Characters of a name that :class:`moderation.models.Upload` keeps."""
EXTENSIONS = {"JPEG": "jpg", "PNG": "png", "WEBP": "webp"}


@deconstructible(path="moderation.storage.PrivateFileSystemStorage")
class PrivateFileSystemStorage(FileSystemStorage):
    """Files for this process's user alone, without an address.

    A plain :class:`FileSystemStorage` without ``base_url`` falls back to ``MEDIA_URL``.
    """

    def __init__(self, location: str | Path) -> None:
        super().__init__(location=location, file_permissions_mode=0o600, directory_permissions_mode=0o700)

    def url(self, name: str | None) -> str:
        """Raise :class:`ValueError`: there is none."""
        raise ValueError("A picture in quarantine has no public address.")


def quarantine() -> Storage:
    """Return private storage. Raises :class:`InvalidStorageError` where ``STORAGES`` has no such alias."""
    return storages[get_settings().quarantine_storage]


def public() -> Storage:
    """Return the storage that the web server serves."""
    alias = get_settings().public_storage
    return storages[alias if alias in storages.backends else "default"]


def area_of(model: str, field: str) -> str:
    """Return where the published file of a target goes: to the storage of its column, which the host's own
    ``instance.field.url`` reads; ``public`` for an upload without one."""
    return f"{model}.{field}" if _file_field(model, field) else PUBLIC


def storage_of(area: str) -> Storage:
    """Return the storage behind an area: ``quarantine``, ``public``, or ``app.model.field``."""
    if area == QUARANTINE:
        return quarantine()
    model, _, field = area.rpartition(".")
    column = _file_field(model, field)
    return column.storage if column else public()


def target_of(area: str) -> tuple[type[Model], str] | tuple[None, None]:
    """Return model and field of an area; (None, None) for those that every installation has."""
    if area in (QUARANTINE, PUBLIC):
        return None, None
    model, _, field = area.rpartition(".")
    return apps.get_model(model), field


def published_name(model: str, pk: str, field: str, format_name: str) -> str:
    """Return a fresh unguessable name, in the folder that ``upload_to`` says where that is a path.

    A callable ``upload_to`` is asked with the target's instance and our random file name.
    """
    column = _file_field(model, field)
    if column is None:
        return fresh_name("uploads", format_name)
    instance = callable(column.upload_to) and column.model._base_manager.filter(pk=pk).first()
    instance = instance or column.model()
    return column.generate_filename(instance, fresh_name("", format_name).lstrip("/"))


def longest_name(model: str, field: str) -> int:
    """Return how many characters the name of a target's published file may have."""
    column = _file_field(model, field)
    return min(NAME_LENGTH, (column and column.max_length) or NAME_LENGTH)


def published_folder(model: str, field: str) -> str:
    """Return the part of a target's folder that is the same for all its files; empty where there is none."""
    column = _file_field(model, field)
    if column is None:
        return "uploads"
    return "" if callable(column.upload_to) else str(column.upload_to).partition("%")[0].strip("/")


def _file_field(model: str, field: str) -> FileField | None:
    if not model:
        return None
    column = apps.get_model(model)._meta.get_field(field)
    return column if isinstance(column, FileField) else None


def fresh_name(folder: str, format_name: str = "") -> str:
    """Return an unguessable name (128 random bits); the format comes from our encoder, never from a client."""
    extension = EXTENSIONS.get(format_name, "bin")
    return f"{folder}/{secrets.token_hex(1)}/{secrets.token_urlsafe(16)}.{extension}"


def write(storage: Storage, name: str, data: bytes) -> str:
    """Store ``data``; the name that the storage really used is returned."""
    return storage.save(name, ContentFile(data))


def read(storage: Storage, name: str) -> bytes:
    """Return the whole file. Raises :class:`OSError` where it is missing."""
    with storage.open(name, "rb") as file:
        return bytes(file.read())
