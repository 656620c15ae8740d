"""``rebuild_index``."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from moderation import api
from tests import pictures
from tests.entrypoints.commands import run
from tests.services.people import member, send

pytestmark = pytest.mark.django_db(transaction=True)


def test_one_line_for_each_file() -> None:
    send(pictures.encode(pictures.scene(2)), who=member())
    # Uploads of the revision that is still running may lack one that commits late: they are not in the file.
    api.ban(pictures.encode(pictures.scene(1)))

    outcome = run("rebuild_index")

    assert outcome.status == 0
    files = {(line["kind"], line["algorithm"]) for line in outcome.lines}
    # That of the second tier is there where OpenCV is.
    assert files - {("banned", "local/1")} == {
        (kind, algorithm) for kind in ("banned", "uploads") for algorithm in ("dhash256/1", "phash256/1")
    }
    assert (("banned", "local/1") in files) == (find_spec("cv2") is not None)
    assert all(Path(line["path"]).stat().st_size == line["bytes"] for line in outcome.lines)


def test_without_a_folder_it_says_so(settings: Any) -> None:
    settings.MODERATION = {**settings.MODERATION, "INDEX_DIR": ""}

    outcome = run("rebuild_index")

    assert (outcome.status, outcome.line["error"]) == (1, "no_index_dir")


def test_a_folder_that_cannot_be_written_is_said(settings: Any, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    settings.MODERATION = {**settings.MODERATION, "INDEX_DIR": str(tmp_path / "file" / "below")}
    api.ban(pictures.encode(pictures.scene(1)))

    assert run("rebuild_index").status == 1
