"""Entries by their signatures, and what the index of this process holds of them."""

from __future__ import annotations

from pathlib import Path

from moderation import api
from moderation.domain.local.index import METHOD
from moderation.models import LocalFingerprint
from moderation.services import revision
from moderation.services.blocklists import blocklist
from moderation.services.search import rebuilding
from moderation.services.search.local import banned_signatures
from tests import pictures


def ban(seed: int) -> int:
    """Return an entry, by the id of its signature."""
    entry = api.ban(pictures.encode(pictures.scene(seed, (640, 480)))).banned
    return LocalFingerprint.objects.get(banned=entry).pk


def unban(item: int) -> None:
    blocklist.unban(banned_id=LocalFingerprint.objects.get(pk=item).banned_id)


def held() -> set[int]:
    """Return what the index of this process would find."""
    index, state = banned_signatures.catch_up()
    assert state == revision.current()
    return {item for layer in index.layers for item in layer.items[layer.alive].tolist()}


def opened() -> int:
    """Return the revision of the file from which this process started; 0 where it used none."""
    return banned_signatures.catch_up()[0].revision


def rebuilt() -> Path:
    """Return the file, freshly written; the process has forgotten everything."""
    path = next(file.path for file in rebuilding.rebuild() if file.algorithm == METHOD)
    banned_signatures.forget()
    return path
