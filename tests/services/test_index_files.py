"""Packed files save time and never change an answer, whatever is in the folder."""

from __future__ import annotations

import logging
import secrets
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from moderation import selectors
from moderation.domain.analysis import Code
from moderation.domain.index import LayeredIndex, layered
from moderation.exceptions import NoIndexFolder
from moderation.models import BannedImage, BlocklistChange, Fingerprint, Upload, UploadFingerprints
from moderation.services import revision
from moderation.services.lists import blocklist
from moderation.services.search import earlier, index, rebuilding
from moderation.services.search.earlier import earlier_uploads
from moderation.services.search.index import banned_codes
from moderation.services.search.index_files import IndexFiles

pytestmark = pytest.mark.django_db(transaction=True)

DHASH = "dhash256/1"


def ban(code: bytes) -> int:
    """An entry with one code, as a service would make it."""
    with revision.changing() as change:
        entry = BannedImage.objects.create(
            blocklist=selectors.blocklist_named("default"), revision=change.revision
        )
        Fingerprint.objects.create(banned=entry, algorithm=DHASH, bits=code, revision=change.revision)
        change.record(kind=BlocklistChange.Kind.BAN, banned_id=entry.pk, entries=1)
    return entry.pk


def upload(code: bytes, *, pk: int | None = None) -> int:
    """A public upload that was screened with one code at the current revision."""
    state = revision.current()
    row = Upload.objects.create(
        reference=secrets.token_hex(6), status="approved", revision=state.number, sha256=b"", size=1,
        format="PNG", width=1, height=1,
    )  # fmt: skip
    UploadFingerprints.objects.create(
        pk=pk, upload=row, algorithm=DHASH, codes=code, places=[[0, ""]], revision=state.number
    )
    return row.pk


def random_code() -> bytes:
    return secrets.token_bytes(32)


def found(code: bytes) -> set[int]:
    return {hit.banned for hit in banned_codes.catch_up().search([Code(DHASH, code, 0, "")])}


def reached(code: bytes) -> set[int]:
    return set(earlier_uploads.within([Code(DHASH, code, 0, "")], {DHASH: 10}))


def rebuilt() -> Path:
    """The file of the banned codes, freshly written; the process has forgotten everything."""
    files = {file.kind: file.path for file in rebuilding.rebuild() if file.algorithm == DHASH}
    banned_codes.forget()
    earlier_uploads.forget()
    return files["banned"]


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


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-7])


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def empty(path: Path) -> None:
    path.write_bytes(b"")


def other_algorithm(path: Path) -> None:
    _foreign(path, algorithm="phash256/1")


def other_history(path: Path) -> None:
    _foreign(path, lineage=uuid.uuid4().bytes)


def from_the_future(path: Path) -> None:
    _foreign(path, number=99, lineage=revision.current().token.bytes)


def a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _foreign(path: Path, *, algorithm: str = DHASH, number: int = 1, lineage: bytes = bytes(16)) -> None:
    layer = LayeredIndex(256)
    layer.add(np.zeros((1, 32), np.uint8), np.array([4711]))
    layer.write(path, algorithm=algorithm, revision=number, lineage=lineage)


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
    """Folding pays at once."""
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
    other = index.ProcessIndex()
    other.files = IndexFiles("banned", used=True)
    mine = index.ProcessIndex()
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


def test_earlier_uploads_start_from_their_file() -> None:
    ban(random_code())
    old, new = random_code(), random_code()
    first = upload(old)
    ban(random_code())
    rebuilt()
    second = upload(new)

    assert (reached(old), reached(new)) == ({first}, {second})
    assert earlier_uploads.catch_up()[DHASH].file_revision > 0


def test_a_file_of_uploads_that_are_gone_is_not_used() -> None:
    ban(random_code())
    lost, kept = random_code(), random_code()
    upload(lost)
    ban(random_code())
    rebuilt()
    # As after a restore: the same numbers, other pictures.
    number = UploadFingerprints.objects.get().pk
    UploadFingerprints.objects.all().delete()
    again = upload(kept, pk=number)

    assert (reached(lost), reached(kept)) == (set(), {again})


def test_a_process_notices_that_the_database_was_restored() -> None:
    ban(random_code())
    lost, kept = random_code(), random_code()
    upload(lost)
    assert reached(lost)
    number = UploadFingerprints.objects.get().pk
    UploadFingerprints.objects.all().delete()

    again = upload(kept, pk=number)

    assert (reached(lost), reached(kept)) == (set(), {again})


def test_a_row_that_becomes_visible_late_is_found() -> None:
    ban(random_code())
    early, late, later = random_code(), random_code(), random_code()
    first, third = upload(early, pk=1_000), upload(later, pk=1_002)
    assert (reached(early), reached(later)) == ({first}, {third})

    second = upload(late, pk=1_001)

    assert reached(late) == {second}


def test_a_late_row_is_still_found_after_the_revision_has_moved() -> None:
    ban(random_code())
    late = random_code()
    upload(random_code(), pk=1_000)
    upload(random_code(), pk=1_002)
    earlier_uploads.catch_up()

    second = upload(late, pk=1_001)
    ban(random_code())

    assert reached(late) == {second}
    assert earlier_uploads._gaps == []


def test_a_file_is_never_said_to_be_more_complete_than_it_is() -> None:
    upload(random_code(), pk=999)
    ban(random_code())
    late = random_code()
    upload(random_code(), pk=1_000)
    upload(random_code(), pk=1_002)
    rebuilt()

    second = upload(late, pk=1_001)

    assert earlier._digest_of(1_000) == earlier_uploads.catch_up()[DHASH].lineage
    assert reached(late) == {second}


def test_a_damaged_file_of_uploads_is_replaced(caplog: pytest.LogCaptureFixture) -> None:
    code = random_code()
    mine = upload(code)
    ban(random_code())
    path = rebuilt().with_name("uploads-dhash256-1.index")
    cut(path)

    assert reached(code) == {mine}
    earlier_uploads.files.wait()

    assert path.name in caplog.text
    assert len(LayeredIndex.open(path, algorithm=DHASH, bits=256)) == 1
