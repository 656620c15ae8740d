"""``screen`` answers and writes nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.apps import apps

from moderation.exceptions import DecoderTimeout
from moderation.services.decoder import decoder
from tests import pictures
from tests.entrypoints.commands import run

pytestmark = pytest.mark.django_db(transaction=True)

KEYS = {"path", "verdict", "reason", "message", "matches", "revision", "elapsed_ms", "ok"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number in (1, 2):
        (folder / f"{number}.jpg").write_bytes(pictures.encode(pictures.scene(number)))
    (folder / "words.txt").write_text("no picture")
    return folder


def rows() -> dict[str, int]:
    return {
        model.__name__: model._default_manager.count()
        for model in apps.get_app_config("moderation").get_models()
    }


def test_every_file_has_an_answer(folder: Path) -> None:
    run("ban", folder / "1.jpg")

    outcome = run("screen", folder)

    assert outcome.status == 0
    assert [line["verdict"] for line in outcome.lines] == ["block", "allow", "refused"]
    assert [line["reason"] for line in outcome.lines] == ["exact_copy", "no_match", "not_an_image"]
    assert all(line["ok"] and set(line) >= KEYS and line["revision"] == 1 for line in outcome.lines)


def test_a_match_says_how(folder: Path) -> None:
    banned = run("ban", folder / "1.jpg").line["banned"]
    (folder / "copy.jpg").write_bytes(pictures.edited_copies(pictures.scene(1))["mirrored"])

    match = run("screen", folder / "copy.jpg").line["matches"][0]

    assert (match["banned"], match["blocklist"]) == (banned, "default")
    assert match["method"] in ("dhash256/1", "phash256/1")
    assert match["distance"] <= match["radius"]


def test_nothing_is_written(folder: Path) -> None:
    run("ban", folder / "1.jpg")
    before = rows()

    run("screen", folder)

    assert rows() == before


def test_a_path_that_cannot_be_read_has_no_answer(folder: Path) -> None:
    outcome = run("screen", folder / "nowhere", folder / "2.jpg")

    assert outcome.status == 1
    assert [line["ok"] for line in outcome.lines] == [False, True]
    assert (outcome.lines[0]["verdict"], outcome.lines[0]["error"]) == (None, "unreadable")


def test_a_decoder_that_is_killed_means_hold(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def too_long(*_arguments: object) -> None:
        raise DecoderTimeout

    monkeypatch.setattr(decoder(), "analyse", too_long)

    line = run("screen", folder / "2.jpg").line

    assert (line["ok"], line["verdict"], line["reason"]) == (True, "hold", "decoder_timeout")
