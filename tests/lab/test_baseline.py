"""imagehash's hashes on the same pictures."""

from __future__ import annotations

import io
import sys

import imagehash
import pytest
from PIL import Image

from moderation.lab import EDITS, Baseline, Picture, evaluate, page, report, text_table
from moderation.lab.baseline import RADIUS
from tests.domain.drawn import file_of, waves
from tests.pictures import encode, scene

BANNED = [Picture(f"banned-{seed}", file_of(waves(seed))) for seed in (0, 1)]
INNOCENT = [Picture(f"innocent-{seed}", file_of(waves(seed))) for seed in (7, 8, 9)]
EDITS_OF_TWO_KINDS = [edit for edit in EDITS if edit.name in ("half", "mirror")]


@pytest.fixture(scope="module")
def baseline() -> Baseline:
    """Return what imagehash makes of two bans, their copies and three innocents."""
    seen = Baseline()
    evaluate(BANNED, INNOCENT, edits=EDITS_OF_TWO_KINDS, watcher=seen)
    return seen


def test_all_recipes_are_measured(baseline: Baseline) -> None:
    assert [row["recipe"] for row in baseline.rows()] == [
        "aHash",
        "dHash",
        "pHash",
        "wHash",
        "colorhash",
        "crop-resistant",
    ]


def test_a_smaller_copy_is_found_and_a_mirrored_one_is_not(baseline: Baseline) -> None:
    found = {row["recipe"]: row["edits"] for row in baseline.rows()}

    assert all(edits["half"] == 1 for edits in found.values())
    assert {found[name]["mirror"] for name in ("dHash", "pHash")} == {0}
    assert found["colorhash"]["mirror"] == 1


def test_distances_are_those_of_imagehash() -> None:
    seen = Baseline()
    innocent = encode(scene(5), "PNG")
    seen.ban("ban", BANNED[0].data)
    seen.innocent(BANNED[0].data)
    seen.innocent(innocent)

    rows = {row["recipe"]: row for row in seen.rows()}

    with Image.open(io.BytesIO(innocent)) as picture:
        apart = imagehash.dhash(picture.convert("RGB")) - imagehash.dhash(waves(0))
    assert apart > RADIUS
    assert (rows["dHash"]["innocents"], rows["dHash"]["rate"]) == (1, 0.5)


def test_what_cannot_be_banned_or_decoded_is_left_out() -> None:
    flat = Picture("flat", file_of(Image.new("RGB", (90, 90), "red")))
    broken = Picture("broken", b"no picture")
    seen = Baseline()

    evaluate([*BANNED, flat], [*INNOCENT, broken], edits=EDITS_OF_TWO_KINDS[:1], watcher=seen)

    assert all(set(row["edits"].values()) == {1.0} for row in seen.rows())


def test_nothing_seen_is_nothing_measured() -> None:
    rows = Baseline().rows()

    assert [(row["edits"], row["detected"], row["innocents"], row["rate_at_most"]) for row in rows] == [
        ({}, None, 0, 1.0)
    ] * 6


def test_reports_have_it_beside_our_own(baseline: Baseline) -> None:
    scores = evaluate(BANNED, INNOCENT, edits=EDITS_OF_TWO_KINDS)

    found = report(scores, baseline=baseline)

    assert "crop-resistant" in text_table(found)
    assert "crop-resistant" in page(found)
    assert "imagehash" not in text_table(report(scores)) + page(report(scores))


def test_without_the_extra_it_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "imagehash", None)

    with pytest.raises(ModuleNotFoundError, match="imagehash"):
        Baseline()
