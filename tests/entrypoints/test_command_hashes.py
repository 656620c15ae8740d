"""``import_hashes`` and ``export_hashes``."""

from __future__ import annotations

import csv
import io
import json
import os
import secrets
from pathlib import Path

import pytest

from moderation import api
from moderation.models import BannedImage, Blocklist, Fingerprint, Revision
from moderation.services.blocklists import blocklist
from tests import pictures
from tests.entrypoints.commands import run
from tests.services.people import member, send

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def codes() -> list[str]:
    return [secrets.token_hex(32) for _ in range(5)]


@pytest.fixture
def file(tmp_path: Path, codes: list[str]) -> Path:
    path = tmp_path / "hashes.csv"
    path.write_text("algorithm,hash\n" + "".join(f"dhash256,{code}\n" for code in codes))
    return path


def test_an_import_sums_up(file: Path) -> None:
    outcome = run("import_hashes", file)

    line = outcome.line
    assert outcome.status == 0
    assert (line["ok"], line["imported"], line["entries"], line["duplicates"], line["bad"]) == (
        True,
        5,
        5,
        0,
        0,
    )
    assert (line["blocklist"], line["revision"]) == ("default", 1)


def test_bad_lines_have_lines(file: Path) -> None:
    with file.open("a") as stream:
        stream.write("dhash256,short\nnonsense\n")

    outcome = run("import_hashes", file)

    assert outcome.status == 1
    *bad, summary = outcome.lines
    assert [(line["line"], line["error"]) for line in bad] == [(7, "bad_line"), (8, "bad_line")]
    assert (summary["ok"], summary["imported"], summary["bad"]) == (True, 5, 2)


def test_atomic_imports_nothing_beside_a_bad_line(file: Path) -> None:
    with file.open("a") as stream:
        stream.write("nonsense\n")

    outcome = run("import_hashes", file, "--atomic")

    assert (outcome.status, outcome.lines[-1]["ok"], outcome.lines[-1]["imported"]) == (1, False, 0)
    assert not BannedImage.objects.exists()


def test_the_second_time_everything_is_there_already(file: Path) -> None:
    run("import_hashes", file)
    revision = Revision.objects.get().number

    line = run("import_hashes", file).line

    assert (line["imported"], line["duplicates"]) == (0, 5)
    assert Revision.objects.get().number == revision


def test_usage(file: Path, tmp_path: Path) -> None:
    assert run("import_hashes", file, "--blocklist", "nope").status == 2
    missing = run("import_hashes", tmp_path / "nowhere.csv")
    assert (missing.status, missing.line["error"]) == (1, "hash_file")
    assert run("import_hashes", tmp_path).line["error"] == "hash_file"
    os.mkfifo(tmp_path / "pipe.csv")
    assert run("import_hashes", tmp_path / "pipe.csv").line["error"] == "hash_file"
    assert run("export_hashes", tmp_path / "a.csv", "--algorithm", "md5").status == 2
    assert run("export_hashes", tmp_path / "a.csv", "--blocklist", "nope").status == 2
    assert run("export_hashes", tmp_path / "no" / "where.csv").status == 1
    assert not (tmp_path / "a.csv").exists()


def test_an_import_takes_earlier_uploads_down(tmp_path: Path) -> None:
    upload = send(pictures.encode(pictures.scene(1)), who=member())
    code = bytes(upload.fingerprints.get(algorithm="dhash256/1").codes)[:32].hex()
    path = tmp_path / "one.jsonl"
    path.write_text(json.dumps({"algorithm": "dhash256", "hash": code}))

    run("import_hashes", path)

    upload.refresh_from_db()
    assert upload.status != "approved"


@pytest.mark.parametrize("name", ["out.csv", "out.jsonl"])
def test_what_is_exported_can_be_imported(tmp_path: Path, name: str) -> None:
    api.ban(pictures.encode(pictures.scene(1)), reason="spam")
    gone = api.ban(pictures.encode(pictures.scene(2))).banned
    blocklist.unban(banned_id=gone.pk)
    BannedImage.objects.update(label='a "label", in\ntwo lines')
    Blocklist.objects.create(slug="copy", name="Copy")
    path = tmp_path / name

    exported = run("export_hashes", path)
    imported = run("import_hashes", path, "--blocklist", "copy")

    mine = Fingerprint.objects.active().filter(banned__blocklist__slug="default")
    theirs = Fingerprint.objects.filter(banned__blocklist__slug="copy")
    assert exported.status == imported.status == 0
    assert exported.line["exported"] == imported.line["imported"] == mine.count()
    assert imported.line["entries"] == 1
    assert set(theirs.values_list("algorithm", "bits")) == set(mine.values_list("algorithm", "bits"))
    copy = BannedImage.objects.get(blocklist__slug="copy")
    assert (copy.label, copy.source) == ('a "label", in two lines', "import:api")


def test_export_to_stdout_is_the_file_alone(file: Path, codes: list[str]) -> None:
    run("import_hashes", file)

    text = run("export_hashes", "-", "--algorithm", "dhash256", words=True).text

    rows = list(csv.DictReader(io.StringIO(text)))
    assert {row["hash"] for row in rows} == set(codes)
    assert {row["algorithm"] for row in rows} == {"dhash256"}
