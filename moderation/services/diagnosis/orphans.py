"""Files that no row refers to: what a crash left behind, and what the sweep cannot know of."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any

from django.core.files.storage import Storage
from django.db.models import QuerySet
from django.utils import timezone

from moderation import storage
from moderation.models import BanDraft, BannedImage, FileRemoval, Upload
from moderation.services.diagnosis.finding import Finding

AGE = timedelta(hours=1)
"""Younger files may belong to a transaction that has not committed."""
OURS = re.compile(r"[0-9a-f]{2}/[A-Za-z0-9_-]{22}\.(jpg|png|webp|bin)")
"""How :func:`moderation.storage.fresh_name` names files: the storage may hold those of others as well."""


def public(mend: bool) -> Finding:
    """Nothing of ours is public that no approved upload refers to."""
    rows = Upload.objects.exclude(published="")
    return _orphans(
        storage.public(), ("uploads", "doctor"), storage.PUBLIC, [_names(rows, "published")], mend
    )


def quarantine(mend: bool) -> Finding:
    """Nothing is kept in quarantine that nothing refers to."""
    uploads = Upload.objects.all()
    entries = BannedImage.objects.exclude(evidence="")
    return _orphans(
        storage.quarantine(),
        ("originals", "clean", "evidence", "drafts", "doctor"),
        storage.QUARANTINE,
        [
            _names(uploads, "original"),
            _names(uploads, "reencoded"),
            _names(entries, "evidence"),
            _names(BanDraft.objects.exclude(file=""), "file"),
            _names(BanDraft.objects.exclude(picture=""), "picture"),
        ],
        mend,
    )


def _names(rows: QuerySet[Any], column: str) -> Iterator[str]:
    return rows.values_list(column, flat=True).iterator(2_000)


def _orphans(
    area: Storage, folders: Iterable[str], which: str, references: Iterable[Iterable[str]], mend: bool
) -> Finding:
    # Listed before the rows are read: a file that is written meanwhile is not in the list.
    files = [name for folder in folders for name in _listed(area, folder)]
    # Hashes of names, as there may be millions. Two equal ones would only hide an orphan.
    known = {hash(name) for names in references for name in names}
    known |= {hash(name) for name in FileRemoval.objects.filter(area=which).values_list("name", flat=True)}
    orphans = [name for name in files if hash(name) not in known and _is_old(area, name)]
    if not orphans:
        return Finding.fine(f"{len(files):,} files, all with a row that refers to them.")
    if not mend:
        return Finding.fault(
            f"{len(orphans):,} of {len(files):,} files belong to nothing. `doctor --mend` deletes them.",
            files=orphans[:100],
        )
    for name in orphans:
        area.delete(name)
    return Finding.fine(f"{len(orphans):,} files that belonged to nothing are deleted.", mended=len(orphans))


def _listed(area: Storage, folder: str) -> Iterator[str]:
    try:
        inner, _ = area.listdir(folder)
    except (FileNotFoundError, NotADirectoryError):
        return
    for place in inner:
        _, names = area.listdir(f"{folder}/{place}")
        yield from (f"{folder}/{place}/{name}" for name in names if OURS.fullmatch(f"{place}/{name}"))


def _is_old(area: Storage, name: str) -> bool:
    try:
        return area.get_modified_time(name) < timezone.now() - AGE
    except (FileNotFoundError, NotImplementedError):
        return False
