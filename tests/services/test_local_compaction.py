"""The packed file of local signatures is written in the background, and whatever happens meanwhile is seen."""

from __future__ import annotations

import errno
import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from moderation.domain.local import compaction
from moderation.domain.local.index import METHOD, LocalIndex
from moderation.services.search import local, local_file
from moderation.services.search.index_files import writer_lock
from moderation.services.search.local import banned_signatures
from tests.services.local_packed import ban, held, opened, unban

pytest.importorskip("cv2", reason="the extra `local` (OpenCV) is not installed")
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def eager(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Make a new file pay from the third signature that is in none."""
    monkeypatch.setattr(local_file, "LOOSE", 2)
    yield
    banned_signatures.files.wait()


def bans(*seeds: int) -> set[int]:
    """Ban; return the signatures, each seen by this process before the next."""
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
    original = compaction.write

    def write(*args: Any, **kwargs: Any) -> int:
        writing.set()
        assert go.wait(10)
        return original(*args, **kwargs)

    monkeypatch.setattr(compaction, "write", write)
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
    other = local.LocalBanIndex()
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
    """The process dies before the rename: what was there stays whole, and the next compaction goes through."""
    items = bans(31, 41, 42)
    path = banned_signatures.files.path(METHOD)
    assert path is not None
    index = banned_signatures.catch_up()[0]

    child = os.fork()
    if child == 0:
        with writer_lock(path.parent, wait=True):
            monkeypatch.setattr(Path, "replace", lambda *_: os.kill(os.getpid(), signal.SIGKILL))
            compaction.write(path, index.layers, revision=99)
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

    monkeypatch.setattr(compaction, "write", full)
    monkeypatch.setattr(local_file, "UNCOMPACTED", 3)

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
