"""The packed files of banned codes save time and never change an answer, whatever is in the folder."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from moderation.domain.analysis import Code
from moderation.domain.index import LayeredIndex, layered
from moderation.exceptions import NoIndexFolder
from moderation.services import revision
from moderation.services.blocklists import blocklist
from moderation.services.search import index, rebuilding
from moderation.services.search.index import banned_codes
from moderation.services.search.index_files import IndexFiles
from tests.services.packed import DHASH, ban, found, random_code, rebuilt
from tests.services.spoiling import a_folder, cut, empty, flip

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_process_starts_from_the_file_and_catches_up() -> None:
    old, gone, new = random_code(), random_code(), random_code()
    kept, retired = ban(old), ban(gone)
    rebuilt()
    late = ban(new)
    blocklist.unban(banned_id=retired)

    assert (found(old), found(new), found(gone)) == ({kept}, {late}, set())
    assert banned_codes.catch_up().layers[DHASH].file_revision == 2


def test_what_was_retired_before_the_file_is_not_in_it() -> None:
    code = random_code()
    retired = ban(code)
    blocklist.unban(banned_id=retired)
    ban(random_code())

    path = rebuilt()

    assert len(LayeredIndex.open(path, algorithm=DHASH, bits=256)) == 1
    assert found(code) == set()


def other_algorithm(path: Path) -> None:
    _foreign(path, algorithm="phash256/1")


def other_history(path: Path) -> None:
    _foreign(path, history_id=uuid.uuid4().bytes)


def from_the_future(path: Path) -> None:
    _foreign(path, number=99, history_id=revision.current().token.bytes)


def _foreign(path: Path, *, algorithm: str = DHASH, number: int = 1, history_id: bytes = bytes(16)) -> None:
    layer = LayeredIndex(256)
    layer.add(np.zeros((1, 32), np.uint8), np.array([4711]))
    layer.write(path, algorithm=algorithm, revision=number, history_id=history_id)


@pytest.mark.parametrize(
    "spoil",
    [cut, flip, empty, other_algorithm, other_history, from_the_future],
    ids=lambda spoil: spoil.__name__,
)
def test_a_file_that_is_not_ours_is_noticed_and_replaced(
    spoil: Callable[[Path], None], caplog: pytest.LogCaptureFixture
) -> None:
    code = random_code()
    entry = ban(code)
    path = rebuilt()
    spoil(path)

    with caplog.at_level(logging.WARNING, logger="moderation.index"):
        assert found(code) == {entry}
        assert found(bytes(32)) == set()

    assert path.name in caplog.text
    banned_codes.files.wait()
    assert LayeredIndex.open(path, algorithm=DHASH, bits=256).revision == 1


def test_a_folder_in_the_files_place_is_survived(caplog: pytest.LogCaptureFixture) -> None:
    code = random_code()
    entry = ban(code)
    a_folder(rebuilt())

    assert found(code) == {entry}
    banned_codes.files.wait()
    assert "no packed index file was written" in caplog.text


def test_no_folder_no_files(settings: pytest.FixtureRequest) -> None:
    settings.MODERATION = {**settings.MODERATION, "INDEX_DIR": ""}  # type: ignore[attr-defined]
    code = random_code()

    entry = ban(code)

    assert found(code) == {entry}
    with pytest.raises(NoIndexFolder):
        list(rebuilding.rebuild())


@pytest.fixture
def eager(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Make compaction pay at once."""
    monkeypatch.setattr(layered, "LOOSE", 2)
    yield
    banned_codes.files.wait()


def test_a_growing_index_is_folded_in_the_background(eager: None) -> None:
    codes = [random_code() for _ in range(60)]
    entries = [ban(code) for code in codes]
    banned_codes.catch_up()
    banned_codes.files.wait()

    late = random_code()
    last = ban(late)
    blocklist.unban(banned_id=entries[0])

    assert banned_codes.catch_up().layers[DHASH].file_revision == 60
    assert [found(code) for code in codes] == [set(), *({entry} for entry in entries[1:])]
    assert found(late) == {last}


def test_the_file_that_another_process_wrote_is_taken_over(eager: None) -> None:
    codes = [random_code() for _ in range(120)]
    entries = [ban(code) for code in codes[:60]]
    other = index.BanIndex()
    other.files = IndexFiles("banned", used=True)
    mine = index.BanIndex()
    mine.files = IndexFiles("banned", used=True)
    mine.catch_up()
    mine.files.wait()
    entries += [ban(code) for code in codes[60:]]
    other.catch_up()
    other.files.wait()
    assert other.catch_up().layers[DHASH].file_revision == 120

    ban(random_code())

    snapshot = mine.catch_up()
    mine.files.wait()
    answers = [snapshot.search([Code(DHASH, code, 0, "")]) for code in codes]
    assert [{hit.banned for hit in hits} for hits in answers] == [{entry} for entry in entries]


def test_two_may_rebuild_at_once() -> None:
    code = random_code()
    entry = ban(code)

    def work(_number: int) -> None:
        from django.db import connection

        try:
            list(rebuilding.rebuild())
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(work, range(4)))

    banned_codes.forget()
    assert found(code) == {entry}
    assert banned_codes.catch_up().layers[DHASH].file_revision == 1
