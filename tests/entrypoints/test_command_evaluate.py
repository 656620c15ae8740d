"""``manage.py evaluate`` and ``manage.py calibrate``."""

from __future__ import annotations

import json
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.entrypoints.commands import run
from tests.pictures import encode, scene


@pytest.fixture
def folders(tmp_path: Path) -> Path:
    for role, seeds in (("banned", (1, 2)), ("innocent", (3, 4, 5))):
        (tmp_path / role).mkdir()
        for seed in seeds:
            (tmp_path / role / f"{seed}.jpg").write_bytes(encode(scene(seed)))
    return tmp_path


def test_folders_are_evaluated_and_the_reports_written(folders: Path) -> None:
    output, page = folders / "report.json", folders / "report.html"
    found = run(
        "evaluate",
        *("--banned", folders / "banned", "--innocent", folders / "innocent", "--group", "orientation"),
        *("--output", output, "--html", page),
    )
    assert found.status == 0
    assert {line["edit"]: line["missed"] for line in found.lines if "edit" in line} == dict.fromkeys(
        ("mirror", "flip", "rotate 90", "rotate 180", "rotate 270", "EXIF"), 0
    )
    assert found.lines[-1]["innocents"]["flagged"] == []
    assert json.loads(output.read_text())["banned"] == 2
    assert page.read_text().startswith("<!doctype html>")


def test_a_manifest_is_evaluated_and_a_table_printed(folders: Path) -> None:
    (folders / "banned" / "flat.png").write_bytes(encode(Image.new("RGB", (90, 90), "red"), "PNG"))
    manifest = folders / "manifest.csv"
    manifest.write_text(
        "file,role\nbanned/1.jpg,banned\nbanned/flat.png,banned\ninnocent/3.jpg,innocent\nx.jpg,other\n"
    )
    found = run("evaluate", "--manifest", manifest, "--group", "resize", words=True)
    assert found.status == 0
    assert "could not be banned: banned/flat.png (flat)" in found.text


def test_imagehash_is_measured_side_by_side(folders: Path) -> None:
    both = ("--banned", folders / "banned", "--innocent", folders / "innocent", "--group", "orientation")

    found = run("evaluate", *both, "--baseline", "imagehash", "--limit", 1, "--tiers", 1)

    rows = {line["recipe"]: line for line in found.lines if "recipe" in line}
    assert found.status == 0
    assert set(rows) == {"aHash", "dHash", "pHash", "wHash", "colorhash", "crop-resistant"}
    assert rows["dHash"]["edits"]["mirror"] < 1
    assert "innocents" in found.lines[-1]


def test_without_the_extra_a_baseline_is_wrong_usage(folders: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "imagehash", None)

    both = ("--banned", folders / "banned", "--innocent", folders / "innocent")

    assert run("evaluate", *both, "--baseline", "imagehash").status == 2


def test_one_tier_or_both(folders: Path, settings: Any) -> None:
    both = ("--banned", folders / "banned", "--innocent", folders / "innocent", "--group", "hard")
    first = run("evaluate", *both, "--tiers", "1")
    assert first.lines[-1]["tiers"] == 1
    assert all((line["local"], line["first"]) == (0, line["detected"]) for line in first.lines[:-1])

    if find_spec("cv2") is not None:
        second = run("evaluate", *both)
        assert second.lines[-1]["tiers"] == 2
        assert sum(line["detected"] for line in second.lines[:-1]) > sum(
            line["detected"] for line in first.lines[:-1]
        )
        assert [line["first"] for line in second.lines[:-1]] == [line["first"] for line in first.lines[:-1]]

    settings.MODERATION = {**settings.MODERATION, "LOCAL": False}
    assert run("evaluate", *both, "--tiers", "2").status == 2


def test_a_list_is_made_longer(folders: Path) -> None:
    (folders / "more").mkdir()
    for seed in (6, 7, 8):
        (folders / "more" / f"{seed}.jpg").write_bytes(encode(scene(seed)))
    asked = ("--banned", folders / "banned", "--innocent", folders / "innocent", "--group", "resize")

    found = run("evaluate", *asked, "--limit", 1, "--also-banned", folders / "more")
    assert (found.status, found.lines[-1]["entries"], found.lines[0]["copies"]) == (0, 4, 1)

    manifest = folders / "manifest.csv"
    manifest.write_text("file,role\nbanned/1.jpg,banned\nmore/6.jpg,also_banned\ninnocent/3.jpg,innocent\n")
    found = run("evaluate", "--manifest", manifest, "--group", "resize")
    assert (found.status, found.lines[-1]["entries"]) == (0, 2)

    assert run("evaluate", "--also-banned", folders / "more").status == 2
    assert run("evaluate", *asked, "--also-banned", folders / "nothing").status == 1
    manifest.write_text("file,role\nbanned/1.jpg,banned\nnothing.jpg,innocent\n")
    assert run("evaluate", "--manifest", manifest, "--group", "resize").status == 1


@pytest.mark.parametrize("arguments", [(), ("--banned", "x"), ("--manifest", "a.csv", "--innocent", "x")])
def test_half_a_question_is_wrong_usage(arguments: tuple[str, ...]) -> None:
    assert run("evaluate", *arguments).status == 2


def test_a_manifest_without_its_columns_is_wrong_usage_and_a_missing_one_fails(tmp_path: Path) -> None:
    (tmp_path / "m.csv").write_text("name\nx.jpg\n")
    assert run("evaluate", "--manifest", tmp_path / "m.csv").status == 2
    assert run("evaluate", "--manifest", tmp_path / "nothing.csv").status == 1


def test_calibrate_refuses_what_so_few_pictures_cannot_support(folders: Path) -> None:
    found = run(
        "calibrate", "--innocent", folders / "innocent", "--entries", 1_000_000, "--radius", "dhash256=20"
    )
    assert found.status == 1
    advice = next(line for line in found.lines if line.get("entries") and "hold" in line)
    assert advice["hold"] is None
    assert "3 pictures cannot show less than" in advice["refusal"]
    assert next(line for line in found.lines if "supported" in line)["supported"] is False


def test_calibrate_needs_two_pictures_and_known_names(folders: Path) -> None:
    (folders / "few").mkdir()
    (folders / "few" / "1.jpg").write_bytes(encode(scene(1)))
    assert run("calibrate", "--innocent", folders / "few").status == 2
    assert run("calibrate", "--innocent", folders / "innocent", "--radius", "md5=3").status == 2


@pytest.mark.django_db
def test_calibrate_falls_back_on_the_site_s_own_uploads() -> None:
    assert run("calibrate").status == 2
