"""The packed file of local signatures saves time and never changes an answer, whatever is in the folder."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from moderation.domain.local.index import LocalIndex
from moderation.domain.local.signature import LocalSignature
from moderation.models import LocalFingerprint
from moderation.services import revision
from moderation.services.search import local_file
from moderation.services.search.local import banned_signatures
from tests import pictures
from tests.services.local_packed import ban, held, opened, rebuilt, unban
from tests.services.people import member, send
from tests.services.spoiling import a_folder, cut, empty, flip

pytest.importorskip("cv2", reason="the extra `local` (OpenCV) is not installed")
pytestmark = pytest.mark.django_db(transaction=True)

ORIGINAL = pictures.scene(31, (640, 480))

CROP = pictures.encode(ORIGINAL.crop((96, 72, 544, 408)))


def test_a_process_starts_from_the_file_and_sees_what_came_later() -> None:
    kept, gone = ban(31), ban(41)
    rebuilt()
    late = ban(42)
    unban(gone)

    assert (held(), opened()) == ({kept, late}, 2)


def test_changes_are_seen_by_a_process_that_has_the_file_open() -> None:
    kept, gone = ban(31), ban(41)
    rebuilt()
    assert held() == {kept, gone}

    late = ban(42)
    assert (held(), opened()) == ({kept, gone, late}, 2)
    unban(gone)
    assert held() == {kept, late}
    unban(late)
    assert (held(), opened()) == ({kept}, 2)


def test_a_crop_is_found_by_what_was_opened() -> None:
    ban(31)
    ban(41)
    rebuilt()

    assert send(CROP, who=member()).status == "held"
    assert opened() == 2


def test_what_was_retired_before_the_file_is_not_in_it() -> None:
    gone, kept = ban(31), ban(41)
    unban(gone)

    path = rebuilt()

    assert len(LocalIndex.open(path)) == 1
    assert (held(), opened()) == ({kept}, 3)
    assert send(CROP, who=member()).status == "approved"


def test_without_a_file_the_database_is_read() -> None:
    entry = ban(31)

    assert (held(), opened()) == ({entry}, 0)


def test_without_a_folder_the_database_is_read(settings: Any) -> None:
    settings.MODERATION = {**settings.MODERATION, "INDEX_DIR": ""}
    entry = ban(31)

    assert (held(), opened()) == ({entry}, 0)


def other_kind(path: Path) -> None:
    path.write_bytes(path.with_name("banned-dhash256-1.index").read_bytes())


def other_history(path: Path) -> None:
    _foreign(path, history_id=uuid.uuid4().bytes)


def no_history(path: Path) -> None:
    _foreign(path, number=0)


def from_the_future(path: Path) -> None:
    _foreign(path, number=99)


def _foreign(path: Path, *, number: int = 1, history_id: bytes | None = None) -> None:
    """Write a file that is whole, and has what the database does not have."""
    signature = LocalSignature.from_bytes(bytes(LocalFingerprint.objects.get().data))
    index = LocalIndex.build([(signature, 4711)])
    index.write(path, revision=number, history_id=history_id or revision.current().token.bytes)


@pytest.mark.parametrize(
    "spoil",
    [cut, flip, empty, a_folder, other_kind, other_history, no_history, from_the_future],
    ids=lambda spoil: spoil.__name__,
)
def test_a_file_that_is_not_ours_is_not_used(
    spoil: Callable[[Path], None], caplog: pytest.LogCaptureFixture
) -> None:
    entry = ban(31)
    path = rebuilt()
    spoil(path)

    with caplog.at_level(logging.WARNING, logger="moderation.index"):
        assert (held(), opened()) == ({entry}, 0)

    assert "banned-local-1.index is read from the database and written anew" in caplog.text
    assert send(CROP, who=member()).status == "held"


@pytest.mark.parametrize("spoil", [flip, other_history], ids=lambda spoil: spoil.__name__)
def test_a_file_that_is_not_ours_is_written_anew(spoil: Callable[[Path], None]) -> None:
    entry = ban(31)
    spoil(rebuilt())

    assert held() == {entry}
    banned_signatures.files.wait()

    assert (held(), opened()) == ({entry}, 1)


def test_a_spoilt_file_is_replaced_even_where_nothing_is_banned_any_more() -> None:
    entry = ban(31)
    path = rebuilt()
    unban(entry)
    flip(path)

    assert len(LocalIndex.open(rebuilt())) == 0
    assert (held(), opened()) == (set(), 2)
    late = ban(41)
    assert held() == {late}


def test_a_file_that_is_far_behind_is_caught_up_from(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local_file, "SIGNATURES_PER_STEP", 2)
    items = {ban(31)}
    rebuilt()
    items |= {ban(seed) for seed in range(41, 46)}
    banned_signatures.forget()

    assert (held(), opened()) == (items, 1)
