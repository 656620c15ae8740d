"""Files that no row refers to: what a crash or a rolled-back transaction of the host left behind."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.core.files.storage import Storage
from django.db.models import QuerySet
from django.utils import timezone

from moderation import storage
from moderation.models import BanDraft, BannedImage, FileRemoval, Upload

AGE = timedelta(hours=1)
"""Younger files may belong to a transaction that has not committed."""
OURS = re.compile(r"(^|/)[0-9a-f]{2}/[A-Za-z0-9_-]{22}\.(jpg|png|webp|bin)$")
"""How :func:`moderation.storage.fresh_name` names files: the storage may hold those of others as well."""


Place = tuple[Storage, str]
"""A folder of a storage, or a file of one."""


@dataclass(frozen=True, slots=True)
class Orphans:
    """What a search for orphans has found."""

    examined: int
    """Files of ours that were listed."""
    files: list[Place]
    """Those without a row, older than :data:`AGE`."""

    def delete(self) -> int:
        """Delete them; return how many."""
        for area, name in self.files:
            area.delete(name)
        return len(self.files)


def public() -> Orphans:
    """Return public files of ours that no approved upload refers to."""
    places: list[Place] = [(storage.public(), "uploads"), (storage.public(), "doctor")]
    columns = Upload.objects.exclude(target_model="").order_by("target_model", "target_field")
    for model, field in columns.values_list("target_model", "target_field").distinct():
        column = storage.storage_of(storage.area_of(model, field))
        places.append((column, storage.published_folder(model, field)))
    announced = FileRemoval.objects.exclude(area=storage.QUARANTINE)
    return _orphans(places, [_names(Upload.objects.exclude(published=""), "published")], announced)


def quarantine() -> Orphans:
    """Return files in quarantine that nothing refers to."""
    uploads = Upload.objects.all()
    entries = BannedImage.objects.exclude(evidence="")
    folders = ("originals", "clean", "evidence", "drafts", "doctor")
    return _orphans(
        [(storage.quarantine(), folder) for folder in folders],
        [
            _names(uploads, "original"),
            _names(uploads, "reencoded"),
            _names(entries, "evidence"),
            _names(BanDraft.objects.exclude(file=""), "file"),
            _names(BanDraft.objects.exclude(picture=""), "picture"),
        ],
        FileRemoval.objects.filter(area=storage.QUARANTINE),
    )


def _names(rows: QuerySet[Any], column: str) -> Iterator[str]:
    return rows.values_list(column, flat=True).iterator(2_000)


def _orphans(
    places: Iterable[Place], references: Iterable[Iterable[str]], removals: QuerySet[FileRemoval]
) -> Orphans:
    # Listed before the rows are read: a file that is written meanwhile is not in the list.
    # By name and storage, as one folder may lie inside another.
    files = {(id(area), name): (area, name) for area, folder in places for name in _listed(area, folder)}
    # Hashes of names, as there may be millions. Two equal ones would only hide an orphan.
    known = {hash(name) for names in references for name in names}
    known |= {hash(name) for name in removals.values_list("name", flat=True)}
    found = [(area, name) for area, name in files.values() if hash(name) not in known and _is_old(area, name)]
    return Orphans(len(files), found)


def _listed(area: Storage, folder: str) -> Iterator[str]:
    try:
        inner, names = area.listdir(folder)
    except (FileNotFoundError, NotADirectoryError):
        return
    for name in names:
        path = f"{folder}/{name}".lstrip("/")
        if OURS.search(path):
            yield path
    for place in inner:
        yield from _listed(area, f"{folder}/{place}".lstrip("/"))


def _is_old(area: Storage, name: str) -> bool:
    try:
        return area.get_modified_time(name) < timezone.now() - AGE
    except (FileNotFoundError, NotImplementedError):
        return False
