"""Hashes from a file: counted, resumable, and none of them half stored."""

from __future__ import annotations

import secrets
from pathlib import Path

import pytest
from django.db import DatabaseError, connection

from moderation import selectors
from moderation.domain.analysis import Code
from moderation.exceptions import HashFileUnreadable
from moderation.models import BannedImage, Blocklist, BlocklistChange, Fingerprint, Rescan, Revision
from moderation.services.blocklists import blocklist, imports, staging
from moderation.services.blocklists.hash_files import BadLine
from moderation.services.blocklists.imports import Callbacks, Imported, import_file, import_whole
from moderation.services.revision import Change
from moderation.services.search.index import banned_codes
from tests import pictures
from tests.services.people import member, send

pytestmark = pytest.mark.django_db(transaction=True)

HEADER = "algorithm,hash,id,label,source"


def hashes(count: int) -> list[str]:
    return [secrets.token_hex(32) for _ in range(count)]


def written(tmp_path: Path, *lines: str, name: str = "hashes.csv") -> Path:
    path = tmp_path / name
    path.write_text("".join(f"{line}\n" for line in lines))
    return path


def dhashes(tmp_path: Path, codes: list[str]) -> Path:
    return written(tmp_path, "algorithm,hash", *(f"dhash256,{code}" for code in codes))


def default() -> Blocklist:
    return selectors.blocklist_named("default")


def take(path: Path, **options: object) -> Imported:
    return import_file(path=path, blocklist=default(), **options)  # type: ignore[arg-type]


def test_hashes_become_entries_that_screenings_find(tmp_path: Path) -> None:
    codes = hashes(5)

    report = take(dhashes(tmp_path, codes))

    assert (report.lines, report.codes, report.entries, report.bad, report.duplicates) == (5, 5, 5, 0, 0)
    entry = BannedImage.objects.order_by("pk")[0]
    assert (entry.source, entry.sha256, entry.pixels, entry.evidence) == ("import:hashes.csv", None, None, "")
    snapshot = banned_codes.catch_up()
    found = snapshot.search([Code("dhash256/1", bytes.fromhex(code), 0, "") for code in codes])
    assert sorted(hit.banned for hit in found) == sorted(BannedImage.objects.values_list("pk", flat=True))
    assert Revision.objects.get().entries == 5


def test_one_revision_for_each_batch(tmp_path: Path) -> None:
    report = take(dhashes(tmp_path, hashes(7)), batch=3)

    assert (report.first_revision, report.last_revision) == (1, 3)
    changes = BlocklistChange.objects.order_by("revision")
    assert [change.detail["codes"] for change in changes] == [3, 3, 1]
    assert list(BannedImage.objects.order_by("pk").values_list("revision", flat=True)) == [
        1,
        1,
        1,
        2,
        2,
        2,
        3,
    ]


def test_columns_are_kept(tmp_path: Path) -> None:
    code = secrets.token_hex(32)
    path = written(tmp_path, "source,hash,algorithm,id,label", f'ncmec,{code},pdq,a-1,"two, words"')

    report = take(path)

    entry = BannedImage.objects.get()
    assert (entry.external_id, entry.label, entry.source) == ("a-1", "two, words", "import:ncmec")
    assert Fingerprint.objects.get().algorithm == "pdq/1"
    assert report.not_searched == {"pdq/1"}


def test_json_lines_say_the_same(tmp_path: Path) -> None:
    code = secrets.token_hex(32)
    line = f'{{"algorithm": "phash256", "hash": "{code.upper()}", "id": 17, "label": "é"}}'

    take(written(tmp_path, line, "", name="hashes.jsonl"))

    entry = BannedImage.objects.get()
    assert (entry.external_id, entry.label) == ("17", "é")
    assert bytes(Fingerprint.objects.get().bits).hex() == code


def test_lines_with_one_id_are_one_entry(tmp_path: Path) -> None:
    one, two, three = hashes(3)
    path = written(tmp_path, HEADER, f"dhash256,{one},a,,", f"phash256,{two},a,,", f"dhash256,{three},b,,")

    report = take(path, batch=1)

    assert (report.codes, report.entries) == (3, 2)
    assert [entry.fingerprints.count() for entry in BannedImage.objects.order_by("pk")] == [2, 1]


def test_duplicates_are_counted_and_not_stored(tmp_path: Path) -> None:
    one, two, three = hashes(3)
    take(dhashes(tmp_path, [one]))

    report = take(dhashes(tmp_path, [one, two, two, three, two]), batch=3)

    assert (report.codes, report.duplicates) == (2, 3)
    assert Fingerprint.objects.count() == 3


def test_a_retired_hash_is_imported_anew_and_lists_are_apart(tmp_path: Path) -> None:
    code = secrets.token_hex(32)
    path = dhashes(tmp_path, [code])
    take(path)
    other = Blocklist.objects.create(slug="other", name="Other")
    assert import_file(path=path, blocklist=other).codes == 1
    blocklist.unban(banned_id=BannedImage.objects.filter(blocklist__slug="default").get().pk)

    assert take(path).codes == 1


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("dhash256,abc", "64 hexadecimal digits"),
        ("dhash256," + "zz" * 32, "64 hexadecimal digits"),
        ("dhash256," + "a " * 32, "64 hexadecimal digits"),
        ("md5," + "ab" * 32, "Unknown algorithm"),
        ("dhash256/2," + "ab" * 32, "Unknown algorithm"),
        ("dhash256", "1 columns"),
        ('dhash256,"' + "ab" * 32, "no CSV"),
        (",", "names no algorithm"),
        ("x" * 70_000, "longer than"),
        ("dhash256," + "0" * 64, "constant"),
        ("phash256," + "f" * 64, "constant"),
        ("dhash256," + "f" * 60 + "0000", "constant"),
        ("pdq," + "0001" * 16, "constant"),
        ("dhash64,000000000000000f", "constant"),
    ],
)
def test_a_bad_line_is_reported_and_left_out(tmp_path: Path, line: str, words: str) -> None:
    one, two = hashes(2)
    path = written(tmp_path, "algorithm,hash", f"dhash256,{one}", line, f"dhash256,{two}")
    bad: list[BadLine] = []

    report = take(path, callbacks=Callbacks(bad=bad.append))

    assert (report.codes, report.bad) == (2, 1)
    assert [one_bad.number for one_bad in bad] == [3]
    assert words in bad[0].message


def test_bytes_that_are_no_text_are_a_bad_line(tmp_path: Path) -> None:
    path = tmp_path / "hashes.csv"
    good = f"dhash256,{secrets.token_hex(32)},,".encode()
    path.write_bytes(
        b"\xef\xbb\xbf"
        + HEADER.encode()
        + b"\r\n"
        + good
        + b"caf\xe9,\r\n"
        + good
        + b"nul\0,\r\n"
        + good
        + b",\r\n"
    )

    report = take(path)

    assert (report.codes, report.bad) == (1, 2)


@pytest.mark.parametrize("content", ["", "hash\nabc\n", "dhash256,abc\n"])
def test_a_file_without_header_is_not_guessed_at(tmp_path: Path, content: str) -> None:
    path = tmp_path / "hashes.csv"
    path.write_text(content)

    with pytest.raises(HashFileUnreadable):
        take(path)


def test_all_or_nothing(tmp_path: Path) -> None:
    good = dhashes(tmp_path, hashes(5))
    bad = written(
        tmp_path, "algorithm,hash", f"dhash256,{secrets.token_hex(32)}", "nonsense,1", name="bad.csv"
    )

    refused = import_whole(path=bad, blocklist=default(), batch=2)
    taken = import_whole(path=good, blocklist=default(), batch=2)

    assert (refused.bad, refused.codes) == (1, 0)
    assert (taken.codes, taken.first_revision, taken.last_revision) == (5, 1, 1)
    assert BannedImage.objects.count() == 5


class Interrupted(Exception):
    pass


def test_an_interrupted_import_goes_on_where_it_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    codes = hashes(10)
    path = dhashes(tmp_path, codes)
    record, calls = Change.record, []

    def dies(change: Change, **arguments: object) -> BlocklistChange:
        calls.append(change.revision)
        if len(calls) == 3:
            raise Interrupted
        return record(change, **arguments)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(Change, "record", dies)
        with pytest.raises(Interrupted):
            take(path, batch=3)
    assert BannedImage.objects.count() == 6
    assert Rescan.objects.get().status == Rescan.Status.OPEN

    report = take(path, batch=3)

    assert (report.after_line, report.lines, report.codes, report.duplicates) == (7, 4, 4, 0)
    assert {bytes(bits).hex() for bits in Fingerprint.objects.values_list("bits", flat=True)} == set(codes)


def test_a_finished_import_begins_again(tmp_path: Path) -> None:
    path = dhashes(tmp_path, hashes(4))
    take(path, batch=3)

    again = take(path, batch=3)

    assert (again.after_line, again.codes, again.duplicates) == (0, 0, 4)
    assert Revision.objects.get().number == 2


def test_earlier_uploads_are_searched_once_for_all_batches(tmp_path: Path) -> None:
    upload = send(pictures.encode(pictures.scene(1)), who=member())
    assert upload.status == "approved"
    mine = bytes(upload.fingerprints.get(algorithm="dhash256/1").codes)[:32].hex()

    report = take(dhashes(tmp_path, [*hashes(6), mine]), batch=3)

    upload.refresh_from_db()
    assert upload.status in ("rejected", "held")
    assert len(report.rescans) == 1
    assert Rescan.objects.get().status == Rescan.Status.DONE


def test_a_search_that_has_begun_is_not_counted_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    work_record = imports._Work.record

    def record(work: imports._Work, change: Change, **arguments: object) -> None:
        work_record(work, change, **arguments)  # type: ignore[arg-type]
        Rescan.objects.update(examined=1)

    monkeypatch.setattr(imports._Work, "record", record)

    report = take(dhashes(tmp_path, hashes(6)), batch=3, wake=False)

    assert len(report.rescans) == 2


def test_ids_go_on_behind_an_import(tmp_path: Path) -> None:
    take(dhashes(tmp_path, hashes(3)))

    from moderation import api

    banned = api.ban(pictures.encode(pictures.scene(3))).banned

    assert banned.pk > max(BannedImage.objects.exclude(pk=banned.pk).values_list("pk", flat=True))


def test_nothing_is_left_staged(tmp_path: Path) -> None:
    take(dhashes(tmp_path, hashes(3)))

    with pytest.raises(DatabaseError), connection.cursor() as cursor:
        cursor.execute(f"SELECT 1 FROM {staging.TABLE}")
