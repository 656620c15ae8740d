"""The packed file of local signatures saves time and never changes an answer, whatever is in the folder."""

from __future__ import annotations

import errno
import logging
import os
import signal
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from moderation import api
from moderation.domain.local import folding
from moderation.domain.local.index import METHOD, LocalIndex
from moderation.domain.local.signature import LocalSignature
from moderation.models import LocalFingerprint
from moderation.services import revision
from moderation.services.lists import blocklist
from moderation.services.search import local, local_file, rebuilding
from moderation.services.search.index_files import turn
from moderation.services.search.local import banned_signatures
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


def test_without_a_file_the_database_is_read() -> None:
    entry = ban(31)

    assert (held(), opened()) == ({entry}, 0)


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
    monkeypatch.setattr(local_file, "AT_ONCE", 2)
    items = {ban(31)}
    rebuilt()
    items |= {ban(seed) for seed in range(41, 46)}
    banned_signatures.forget()

    assert (held(), opened()) == (items, 1)


@pytest.fixture
def eager(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A new file pays from the third signature that is in none."""
    monkeypatch.setattr(local_file, "LOOSE", 2)
    yield
    banned_signatures.files.wait()


def bans(*seeds: int) -> set[int]:
    """Their signatures, each seen by this process before the next."""
    found = set()
    for seed in seeds:
        found.add(ban(seed))
        held()
        banned_signatures.files.wait()
    return found


@pytest.mark.usefixtures("eager")
def test_a_growing_index_is_folded_in_the_background() -> None:
    items = bans(31, 41, 42)

    assert (held(), opened()) == (items, 3)
    late = ban(43)
    unban(min(items))
    assert (held(), opened()) == (items - {min(items)} | {late}, 3)
    assert LocalIndex.open(banned_signatures.files.path(METHOD) or Path()).revision == 3


@pytest.mark.usefixtures("eager")
def test_what_happens_during_a_fold_is_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    writing, go = threading.Event(), threading.Event()
    original = folding.write

    def write(*args: Any, **kwargs: Any) -> int:
        writing.set()
        assert go.wait(10)
        return original(*args, **kwargs)

    monkeypatch.setattr(folding, "write", write)
    items = {ban(seed) for seed in (31, 41, 42)}
    assert held() == items
    assert writing.wait(10)
    late, gone = ban(43), min(items)
    unban(gone)
    assert (held(), opened()) == (items - {gone} | {late}, 0)
    go.set()
    banned_signatures.files.wait()

    assert (held(), opened()) == (items - {gone} | {late}, 3)


@pytest.mark.usefixtures("eager")
def test_another_process_maps_the_file_that_one_wrote() -> None:
    """With enough outside of its own file, it takes the new one instead of writing one more."""
    other = local.ProcessLocalIndex()
    items = {ban(seed) for seed in (31, 41, 42)}
    other.files.used = False
    assert len(other.catch_up()[0]) == 3
    held()
    banned_signatures.files.wait()
    written = banned_signatures.files.path(METHOD)
    assert written is not None
    before = written.stat().st_ino
    other.files.used = True

    items.add(ban(43))
    index, _ = other.catch_up()
    other.files.wait()

    assert index.revision == 3
    assert {item for layer in index.layers for item in layer.items[layer.alive].tolist()} == items
    assert written.stat().st_ino == before


@pytest.mark.usefixtures("eager")
def test_a_process_that_starts_anew_maps_it() -> None:
    items = bans(31, 41, 42)
    path = banned_signatures.files.path(METHOD)
    script = (
        "import sys, pathlib; from moderation.domain.local.index import LocalIndex;"
        "print(*sorted(int(i) for i in LocalIndex.open(pathlib.Path(sys.argv[1])).layers[0].items))"
    )

    said = subprocess.run(
        [sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=True
    )

    assert {int(word) for word in said.stdout.split()} == items


@pytest.mark.usefixtures("eager")
def test_a_crash_while_the_file_is_written_costs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The process dies before the rename: what was there stays whole, and the next fold goes through."""
    items = bans(31, 41, 42)
    path = banned_signatures.files.path(METHOD)
    assert path is not None
    index = banned_signatures.catch_up()[0]

    child = os.fork()
    if child == 0:
        with turn(path.parent, wait=True):
            monkeypatch.setattr(Path, "replace", lambda *_: os.kill(os.getpid(), signal.SIGKILL))
            folding.write(path, index.layers, revision=99)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    leftover = [file for file in path.parent.iterdir() if file.name.endswith(".new")]

    assert len(leftover) == 1
    banned_signatures.forget()
    assert (held(), opened()) == (items, 3)
    items |= bans(43, 44, 45)
    assert (held(), opened()) == (items, 6)


@pytest.mark.usefixtures("eager")
def test_a_full_disk_costs_time_and_no_answer(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*_args: object, **_kwargs: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(folding, "write", full)
    monkeypatch.setattr(local_file, "UNFOLDED", 3)

    with caplog.at_level(logging.WARNING, logger="moderation.index"):
        items = bans(31, 41, 42, 43, 44)

    assert (held(), opened()) == (items, 0)
    assert "No space left on device" in caplog.text


@pytest.mark.usefixtures("eager")
def test_what_is_mostly_dead_is_written_anew() -> None:
    items = bans(31, 41, 42)
    path = banned_signatures.files.path(METHOD)
    assert path is not None
    for item in sorted(items):
        unban(item)
        held()
        banned_signatures.files.wait()

    assert held() == set()
    assert len(LocalIndex.open(path)) == 0
