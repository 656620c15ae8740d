"""``ban``, ``allow`` and ``unban``."""

from __future__ import annotations

from pathlib import Path

import pytest

from moderation.models import BannedImage, Decision, PersonalData, Refusal, Upload
from tests import pictures
from tests.entrypoints.commands import run
from tests.services.people import member, send

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return two pictures, the second a level down, beside what is not banned."""
    (tmp_path / "pictures" / "inner").mkdir(parents=True)
    (tmp_path / "pictures" / "one.jpg").write_bytes(pictures.encode(pictures.scene(1)))
    (tmp_path / "pictures" / "inner" / "two.png").write_bytes(pictures.encode(pictures.scene(2), "PNG"))
    (tmp_path / "pictures" / ".hidden").write_bytes(b"not looked at")
    return tmp_path / "pictures"


def test_a_folder_is_walked_and_each_file_has_a_line(folder: Path) -> None:
    outcome = run("ban", folder, "--reason", "spam")

    assert outcome.status == 0
    assert [Path(line["path"]).name for line in outcome.lines] == ["one.jpg", "two.png"]
    assert [(line["ok"], line["created"], line["revision"]) for line in outcome.lines] == [
        (True, True, 1),
        (True, True, 2),
    ]
    entry = BannedImage.objects.get(pk=outcome.lines[0]["banned"])
    assert (entry.label, entry.reason, entry.blocklist.slug) == ("one.jpg", "spam", "default")


def test_reach_counts_the_uploads_that_were_public_before(folder: Path) -> None:
    upload = send(pictures.edited_copies(pictures.scene(1))["recompressed"], who=member())
    assert upload.status == "approved"

    line = run("ban", folder / "one.jpg").line

    assert line["reach"] == {"block": 1, "hold": 0, "users": 1}
    upload.refresh_from_db()
    assert upload.status == Upload.Status.REJECTED


def test_what_is_on_the_list_adds_nothing(folder: Path) -> None:
    first = run("ban", folder / "one.jpg").line

    again = run("ban", folder / "one.jpg")

    assert again.status == 0
    assert (again.line["banned"], again.line["created"]) == (first["banned"], False)
    assert again.line["revision"] == first["revision"]
    assert Decision.objects.filter(kind=Decision.Kind.ALREADY_BANNED).count() == 1


def test_one_bad_path_stops_nobody(folder: Path) -> None:
    outcome = run("ban", folder / "nowhere.jpg", folder / "one.jpg")

    assert outcome.status == 1
    assert "1 of 2" in outcome.message
    bad, good = outcome.lines
    assert (bad["ok"], bad["error"], bad["banned"]) == (False, "unreadable", None)
    assert "nowhere.jpg" in bad["message"]
    assert good["ok"]


@pytest.mark.parametrize(
    ("data", "code"),
    [(b"", "empty"), (b"hello", "not_an_image"), (b"%PDF-1.7 ...", "format_not_allowed")],
)
def test_what_is_no_picture_is_refused_and_audited(tmp_path: Path, data: bytes, code: str) -> None:
    path = tmp_path / "strange.jpg"
    path.write_bytes(data)

    outcome = run("ban", path)

    assert (outcome.status, outcome.line["error"]) == (1, code)
    refusal = Refusal.objects.get()
    assert (refusal.reason, refusal.door, refusal.size) == (code, "command", len(data))
    assert not BannedImage.objects.exists()


def test_a_flat_picture_is_offered_as_an_exact_copy(tmp_path: Path) -> None:
    path = tmp_path / "flat.png"
    path.write_bytes(pictures.encode(pictures.flat(), "PNG"))

    refused = run("ban", path)
    taken = run("ban", path, "--exact-only")

    assert (refused.status, refused.line["error"]) == (1, "flat")
    assert "--exact-only" in refused.line["message"]
    assert (taken.status, taken.line["created"]) == (0, True)


def test_a_pipe_and_an_empty_folder_are_answers(tmp_path: Path) -> None:
    import os

    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "empty").mkdir()

    outcome = run("ban", tmp_path / "pipe", tmp_path / "empty")

    assert outcome.status == 1
    assert [line["error"] for line in outcome.lines] == ["unreadable", "no_files"]


def test_an_unknown_list_is_wrong_usage(folder: Path) -> None:
    outcome = run("ban", folder, "--blocklist", "nope")

    assert (outcome.status, outcome.lines) == (2, [])
    assert "default" in outcome.message


def test_a_long_reason_is_kept_whole(folder: Path) -> None:
    reason = "because " * 12

    run("ban", folder / "one.jpg", "--reason", reason)

    assert PersonalData.objects.get().text == reason


def test_unban_retires_once_and_says_so(folder: Path) -> None:
    banned = run("ban", folder / "one.jpg").line["banned"]

    first, again = run("unban", banned), run("unban", banned)

    assert (first.status, first.line["retired"], first.line["revision"]) == (0, True, 2)
    assert (again.status, again.line["retired"], again.line["revision"]) == (0, False, 2)


def test_unban_of_an_unknown_number_fails() -> None:
    outcome = run("unban", 10**9)

    assert (outcome.status, outcome.line["error"]) == (1, "unknown_entry")


def test_allow_keeps_a_picture_from_being_flagged(folder: Path) -> None:
    run("ban", folder / "one.jpg")

    outcome = run("allow", folder / "one.jpg")

    assert (outcome.status, outcome.line["blocklist"]) == (0, "allowlist")
    assert run("screen", folder / "one.jpg").line["reason"] == "allowlisted"


def test_allow_refuses_a_list_of_banned_pictures(folder: Path) -> None:
    assert run("allow", folder, "--blocklist", "default").status == 2


def test_words_for_people(folder: Path) -> None:
    outcome = run("ban", folder / "one.jpg", words=True)

    assert "entry" in outcome.text
    assert "revision 1" in outcome.text
