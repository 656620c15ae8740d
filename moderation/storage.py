"""Where files live: *quarantine* for what is not published, *public* for what is."""

from __future__ import annotations

import secrets

from django.core.files.base import ContentFile
from django.core.files.storage import Storage, storages

from moderation.conf import get_settings

EXTENSIONS = {"JPEG": "jpg", "PNG": "png", "WEBP": "webp"}


def quarantine() -> Storage:
    """Private storage. Raises :class:`InvalidStorageError` where ``STORAGES`` has no such alias."""
    return storages[get_settings().quarantine_storage]


def public() -> Storage:
    """Storage that the web server serves."""
    alias = get_settings().public_storage
    return storages[alias if alias in storages.backends else "default"]


def fresh_name(folder: str, format_name: str = "") -> str:
    """An unguessable name (128 random bits); the format comes from our encoder, never from a client."""
    token = secrets.token_urlsafe(16)
    extension = EXTENSIONS.get(format_name, "bin")
    return f"{folder}/{secrets.token_hex(1)}/{token}.{extension}"


def write(storage: Storage, name: str, data: bytes) -> str:
    """Store ``data``; the name that the storage really used is returned."""
    return storage.save(name, ContentFile(data))


def read(storage: Storage, name: str) -> bytes:
    """The whole file. Raises :class:`OSError` where it is missing."""
    with storage.open(name, "rb") as file:
        return bytes(file.read())
