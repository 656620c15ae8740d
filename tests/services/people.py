"""Members of the site, and what they do, for tests of the services."""

from __future__ import annotations

from pathlib import Path

from django.contrib.auth.models import User
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, storages

from avatars.models import Profile
from moderation import api
from moderation.models import Upload


def member(name: str = "ada") -> Profile:
    """Return a user with a profile."""
    user, _ = User.objects.get_or_create(username=name)
    return Profile.objects.get_or_create(user=user)[0]


def send(data: bytes, *, who: Profile, name: str = "picture.jpg") -> Upload:
    """Upload an avatar through the public door; the row after the verdict."""
    status = api.submit_upload(ContentFile(data, name), owner=who.user, target=(who, "avatar"))
    return Upload.objects.get(reference=status.reference)


def kept_files(alias: str) -> list[str]:
    """Return the names of all files in a storage."""
    storage = storages[alias]
    assert isinstance(storage, FileSystemStorage)
    folder = Path(storage.location)
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
