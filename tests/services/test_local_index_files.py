"""The packed file of local signatures saves time and never changes an answer, whatever is in the folder."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from moderation import api
from moderation.domain.local.index import METHOD, LocalIndex
from moderation.domain.local.signature import LocalSignature
from moderation.models import LocalFingerprint
from moderation.services import blocklist, local_file, rebuilding, revision
from moderation.services.local import banned_signatures
from tests import pictures
from tests.services.people import member, send

pytest.importorskip("cv2", reason="the extra `local` (OpenCV) is not installed")
pytestmark = pytest.mark.django_db(transaction=True)

ORIGINAL = pictures.scene(31, (640, 480))
CROP = pictures.encode(ORIGINAL.crop((96, 72, 544, 408)))


def ban(seed: int) -> int:
    """An entry, by the id of its signature."""
    entry = api.ban(pictures.encode(pictures.scene(seed, (640, 480)))).banned
    return LocalFingerprint.objects.get(banned=entry).pk


def unban(item: int) -> None:
    blocklist.unban(banned_id=LocalFingerprint.objects.get(pk=item).banned_id)


def held() -> set[int]:
    """What the index of this process would find."""
    index, state = banned_signatures.catch_up()
    assert state == revision.current()
    return {item for layer in index.layers for item in layer.items[layer.alive].tolist()}


def opened() -> int:
    """The revision of the file from which this process started; 0 where it used none."""
    return banned_signatures.catch_up()[0].revision


def rebuilt() -> Path:
    """The file, freshly written; the process has forgotten everything."""
    path = next(file.path for file in rebuilding.rebuild() if file.algorithm == METHOD)
    banned_signatures.forget()
    return path


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


def test_without_a_file_the_database_is_read(caplog: pytest.LogCaptureFixture) -> None:
    entry = ban(31)

    with caplog.at_level(logging.INFO, logger="moderation.local"):
        banned_signatures.forget()
        assert (held(), opened()) == ({entry}, 0)

    assert "there is no banned-local-1.index" in caplog.text


def test_without_a_folder_the_database_is_read(settings: Any) -> None:
    settings.MODERATION = {**settings.MODERATION, "INDEX_DIR": ""}
    entry = ban(31)

    assert (held(), opened()) == ({entry}, 0)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-7])


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def empty(path: Path) -> None:
    path.write_bytes(b"")


def a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def other_kind(path: Path) -> None:
    path.write_bytes(path.with_name("banned-dhash256-1.index").read_bytes())


def other_history(path: Path) -> None:
    _foreign(path, lineage=uuid.uuid4().bytes)


def no_history(path: Path) -> None:
    _foreign(path, number=0)


def from_the_future(path: Path) -> None:
    _foreign(path, number=99)


def _foreign(path: Path, *, number: int = 1, lineage: bytes | None = None) -> None:
    """Whole, and with what the database does not have."""
    signature = LocalSignature.from_bytes(bytes(LocalFingerprint.objects.get().data))
    index = LocalIndex.build([(signature, 4711)])
    index.write(path, revision=number, lineage=lineage or revision.current().token.bytes)


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

    with caplog.at_level(logging.WARNING, logger="moderation.local"):
        assert (held(), opened()) == ({entry}, 0)

    assert "banned-local-1.index is not used" in caplog.text
    assert send(CROP, who=member()).status == "held"


def test_a_spoilt_file_is_replaced_even_where_nothing_is_banned_any_more() -> None:
    entry = ban(31)
    path = rebuilt()
    unban(entry)
    flip(path)

    assert len(LocalIndex.open(rebuilt())) == 0
    assert (held(), opened()) == (set(), 2)
    late = ban(41)
    assert held() == {late}


def test_a_file_that_is_far_behind_is_not_used(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(local_file, "FRESH", 1)
    items = {ban(31)}
    rebuilt()
    items |= {ban(41), ban(42)}
    banned_signatures.forget()

    assert (held(), opened()) == (items, 0)
    assert "more than 1 signatures are newer" in caplog.text


def test_a_process_that_has_gathered_much_takes_the_new_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local_file, "FRESH", 1)
    items = {ban(31)}
    rebuilt()
    for seed in (41, 42):
        items.add(ban(seed))
        assert held() == items
    for _ in rebuilding.rebuild():
        pass

    items.add(ban(43))

    assert (held(), opened()) == (items, 3)
