"""Edited copies, scores and reports."""

from __future__ import annotations

import io
import json
from html.parser import HTMLParser

import pytest
from PIL import Image

from moderation.domain.analysis import AnalysisOptions
from moderation.domain.radii import Band
from moderation.lab import (
    EDITS,
    GROUPS,
    Edit,
    Found,
    Outcome,
    Picture,
    Scores,
    evaluate,
    page,
    report,
    text_table,
)
from tests.domain.drawn import file_of, waves
from tests.pictures import encode, scene

BANNED = [Picture(f"banned-{seed}", file_of(waves(seed))) for seed in (0, 1)]
INNOCENT = [Picture(f"innocent-{seed}", file_of(waves(seed))) for seed in (7, 8, 9)]
QUICK = [
    edit for edit in EDITS if edit.name in ("half", "mirror", "border 8% white", "noise", "crop 20 % a side")
]


def test_every_group_of_the_list_has_edits_with_names_of_their_own() -> None:
    assert set(GROUPS) == {
        "resize",
        "codec",
        "tone",
        "blur and noise",
        "orientation",
        "border",
        "frames and alpha",
        "overlay",
        "combined",
        "hard",
    }
    assert len({edit.name for edit in EDITS}) == len(EDITS) > 60


@pytest.mark.parametrize("edit", EDITS, ids=lambda edit: edit.name)
def test_every_edit_makes_a_file_that_differs(edit: Edit) -> None:
    import numpy as np

    from moderation.lab.edits import Material

    material = Material(np.random.default_rng(0), [waves(7), waves(8)])
    data = edit.make(waves(), material)
    Image.open(io.BytesIO(data)).load()
    assert data != file_of(waves())
    assert data == edit.make(waves(), Material(np.random.default_rng(0), [waves(7), waves(8)]))


def test_the_same_pictures_and_seed_give_the_same_report() -> None:
    first, second = (report(evaluate(BANNED, INNOCENT, edits=QUICK, seed=3), seed=3) for _ in range(2))
    assert json.dumps(first) == json.dumps(second)


def test_easy_copies_are_found_and_innocents_not_flagged() -> None:
    steps: list[tuple[int, int]] = []
    found = report(
        evaluate(BANNED, INNOCENT, edits=QUICK, progress=lambda done, total: steps.append((done, total)))
    )
    by_name = {row["edit"]: row for row in found["edits"]}
    assert all(by_name[edit.name]["detected"] == 1 for edit in QUICK if edit.group != "hard")
    assert by_name["crop 20 % a side"]["missed_names"] == ["banned-0", "banned-1"]
    assert (found["innocents"]["pictures"], found["innocents"]["flagged"]) == (3, [])
    assert found["innocents"]["rate_at_most"] > 0.5
    assert steps[-1] == (2 * 6 + 3, 2 * 6 + 3)


def test_a_ban_that_the_guard_refuses_counts_as_missed_and_is_listed() -> None:
    flat = Picture("flat", file_of(Image.new("RGB", (100, 100), "blue")))
    broken = Picture("broken", file_of(waves())[:900])
    found = report(evaluate([*BANNED, flat, broken], INNOCENT, edits=QUICK[:1]))
    assert found["refused_bans"] == [("flat", "flat"), ("broken", "undecodable")]
    assert found["edits"][0]["missed_names"] == ["flat", "broken"]


def test_an_innocent_within_the_radius_is_reported() -> None:
    copy = Picture("not so innocent", file_of(waves(0), "JPEG"))
    found = report(
        evaluate(BANNED, [copy], edits=QUICK[:1], radii={"dhash256": Band(-1, 30), "phash256": Band(-1, 30)})
    )
    flagged = found["innocents"]["flagged"][0]
    assert (flagged["name"], flagged["found"], flagged["banned"]) == ("not so innocent", "hold", "banned-0")


def test_the_second_tier_finds_what_was_cropped_and_says_so() -> None:
    pytest.importorskip("cv2", reason="the extra `local` (OpenCV) is not installed")
    banned = [Picture(f"banned-{seed}", encode(scene(seed))) for seed in (1, 2)]
    innocent = [Picture("innocent", encode(scene(3))), Picture("crop", encode(_cropped(scene(2))))]
    edits = [edit for edit in EDITS if edit.name in ("crop 20 % a side", "half")]
    options = AnalysisOptions(want_local=True)

    first, again = (report(evaluate(banned, innocent, options=options, edits=edits)) for _ in range(2))

    assert json.dumps(first) == json.dumps(again)
    assert first["tiers"] == 2
    by_name = {row["edit"]: row for row in first["edits"]}
    crop, half = by_name["crop 20 % a side"], by_name["half"]
    assert (crop["first"], crop["local"], crop["hold"], crop["detected"]) == (0, 2, 2, 1)
    # What the first tier blocks, the second one does not look at.
    assert (half["first"], half["local"], half["block"]) == (1, 0, 2)
    assert (first["innocents"]["hold"], first["innocents"]["local"]) == (1, 1)
    flagged = first["innocents"]["flagged"][0]
    assert (flagged["name"], flagged["banned"], flagged["local"]) == ("crop", "banned-2", "banned-2")
    assert "either" in text_table(first)
    assert "second tier: banned-2" in text_table(first)
    assert "both tiers" in page(first)


def test_a_crop_is_taken_for_the_ban_that_it_was_made_from() -> None:
    pytest.importorskip("cv2", reason="the extra `local` (OpenCV) is not installed")
    banned = [Picture("one", encode(scene(1))), Picture("other", encode(scene(2)))]
    options = AnalysisOptions(want_local=True)
    edits = [edit for edit in EDITS if edit.name == "crop 20 % a side"]

    scores = evaluate(banned, [], options=options, edits=edits)

    assert [outcome.local for outcome in scores.copies["crop 20 % a side"]] == ["one", "other"]


def test_a_longer_list_is_searched_and_no_copies_are_made_of_the_rest() -> None:
    pytest.importorskip("cv2", reason="the extra `local` (OpenCV) is not installed")
    banned = [Picture("1.jpg", encode(scene(1)))]
    also = [
        Picture(f"{seed}.jpg", encode(scene(seed))) for seed in (1, 2, 3)
    ]  # the first one is the ban itself
    also.append(Picture("broken", also[0].data[:900]))
    innocent = [Picture("crop of 2", encode(_cropped(scene(2)))), Picture("other", encode(scene(9)))]
    edits = [edit for edit in EDITS if edit.name in ("crop 20 % a side", "half")]
    steps: list[tuple[int, int]] = []

    found = report(
        evaluate(
            banned,
            innocent,
            also_banned=also,
            options=AnalysisOptions(want_local=True),
            edits=edits,
            progress=lambda done, total: steps.append((done, total)),
        )
    )

    assert [(row["edit"], row["copies"]) for row in found["edits"]] == [("half", 1), ("crop 20 % a side", 1)]
    assert (found["banned"], found["entries"]) == (1, 4)
    assert found["refused_bans"] == [("also banned: broken", "undecodable")]
    assert [row["detected"] for row in found["edits"]] == [1, 1]
    assert [(one["name"], one["local"]) for one in found["innocents"]["flagged"]] == [
        ("crop of 2", "also banned: 2.jpg")
    ]
    assert steps[-1] == (1 + 4 + 2 + 2, 1 + 4 + 2 + 2)
    assert "4 pictures on the list" in text_table(found)


def test_a_copy_that_is_taken_for_another_entry_is_missed() -> None:
    pytest.importorskip("cv2", reason="the extra `local` (OpenCV) is not installed")
    plain = Image.new("RGB", (300, 300), "white")
    plain.paste(Image.new("RGB", (150, 300), "navy"))  # too plain for keypoints of its own
    edit = Edit("pasted", "hard", lambda picture, material: encode(_cropped(scene(2))))
    found = report(
        evaluate(
            [Picture("2.jpg", encode(plain))],
            [],
            also_banned=[Picture("2.jpg", encode(scene(2)))],
            options=AnalysisOptions(want_local=True),
            edits=[edit],
        )
    )
    assert (found["edits"][0]["local"], found["edits"][0]["missed_names"]) == (0, ["2.jpg"])


def test_what_the_second_tier_adds_is_said_of_what_the_first_one_leaves() -> None:
    outcomes = [
        Outcome("a", Found.BLOCK, "a", {}, None, Found.BLOCK),
        Outcome("b", Found.HOLD, "b", {}, "b", Found.MISSED),
        Outcome("c", Found.MISSED, None, {}, None, Found.MISSED),
        Outcome("d", Found.HOLD, "d", {}, "d", Found.HOLD),
    ]
    scores = Scores({}, tiers=2, copies={"rotate 5°": outcomes, "half": outcomes[:1]})
    found = report(scores)
    by_name = {row["edit"]: row for row in found["edits"]}
    assert (by_name["rotate 5°"]["first"], by_name["rotate 5°"]["second"]) == (0.5, 0.5)
    assert by_name["half"]["second"] is None
    assert found["overall"] == {
        "edits": 2,
        "detected": 0.875,
        "first": 0.75,
        "second": 0.5,
        "blocked": 0.625,
    }
    assert report(Scores({}))["overall"] is None


def _cropped(picture: Image.Image) -> Image.Image:
    width, height = picture.size
    return picture.crop((width // 5, height // 5, width * 4 // 5, height * 4 // 5))


def test_the_page_is_one_well_formed_file_and_escapes_names() -> None:
    nasty = [Picture("<script>alert(1)</script>", file_of(waves(0), "JPEG"))]
    text = page(report(evaluate(BANNED, nasty, edits=QUICK)))
    assert "<script>" not in text
    assert "http" not in text
    assert "prefers-color-scheme: dark" in text
    seen: list[str] = []

    class Collector(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            seen.append(tag)

    Collector().feed(text)
    assert seen.count("svg") == 3


def test_the_terminal_gets_a_line_for_each_edit() -> None:
    text = text_table(report(evaluate(BANNED, INNOCENT, edits=QUICK)))
    assert all(edit.name in text for edit in QUICK)
    assert "innocent pictures 3: blocked 0, held 0" in text
