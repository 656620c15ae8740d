"""Files go after the rows that named them, in short transactions."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import Storage, storages
from django.db import connection
from django.utils import timezone

from moderation import storage
from moderation.models import FileRemoval
from moderation.services import files
from tests.services.concurrency import Elsewhere
from tests.services.people import kept_files

pytestmark = pytest.mark.django_db(transaction=True)

ALIAS = "moderation_public"


@pytest.fixture
def names() -> list[str]:
    """Return three public files that nothing refers to, due for removal."""
    due = timezone.now() - timedelta(seconds=1)
    found = [storages[ALIAS].save(f"left/{number}.jpg", ContentFile(b"left")) for number in range(3)]
    FileRemoval.objects.bulk_create(FileRemoval(area=_area(), name=name, not_before=due) for name in found)
    return found


def _area() -> str:
    return storage.area_of("", "")


def test_one_that_cannot_go_keeps_no_other(names: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    public = storage.storage_of(_area())
    delete = type(public).delete

    def fails(self: Storage, name: str) -> None:
        if name == names[1]:
            raise OSError
        delete(self, name)

    monkeypatch.setattr(type(public), "delete", fails)

    assert files.remove_due() == 2

    left = FileRemoval.objects.get()
    assert (left.name, left.attempts, left.last_error) == (names[1], 1, "OSError")
    assert left.not_before > timezone.now()
    assert kept_files(ALIAS) == [names[1]]


def test_where_a_transaction_keeps_every_writer_out_one_file_goes_at_a_time(
    names: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite: a slow storage would make everybody wait for all of a group."""
    public = storage.storage_of(_area())
    delete = type(public).delete
    noted: list[int] = []

    def deletes(self: Storage, name: str) -> None:
        noted.append(Elsewhere(FileRemoval.objects.count).result())
        delete(self, name)

    monkeypatch.setattr(type(public), "delete", deletes)

    assert files.remove_due() == 3

    assert noted == ([3, 3, 3] if connection.features.has_select_for_update_skip_locked else [3, 2, 1])
