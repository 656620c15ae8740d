"""Evidence: strangers that share a layout are never blocked, copies are, and damaged records say nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from moderation.domain.analysis import ORIENTATIONS, Analysis, AnalysisOptions, PatchSigns
from moderation.domain.evidence.signs import (
    MOST_PATCHES,
    RECORD,
    VERSION,
    BadSigns,
    eight_steps,
    pack,
    record,
    unpack,
    unpack_document,
)
from moderation.domain.evidence.weighing import Evidence, Measures, Side, band_of, weigh
from moderation.domain.orientations import eight
from moderation.domain.pipeline import analyse
from moderation.lab.layouts import LAYOUTS, strangers
from moderation.lab.sheet import Draw
from moderation.lab.templates import TEMPLATES
from tests.pictures import edited_copies, encode, scene

BAN, LAST = 11, 15


def seen(data: bytes) -> Analysis:
    return analyse(data, AnalysisOptions())


def upload_side(analysis: Analysis) -> Side:
    return Side.of(one.data for one in analysis.signs if one.view == 0)


def ban_side(analysis: Analysis) -> Side:
    return Side.of(one.data for one in analysis.signs if one.enters)


def weighed(upload: bytes, ban: bytes) -> Evidence | None:
    return weigh(upload_side(seen(upload)), ban_side(seen(ban)))


def cells(seed: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    return (
        random.integers(0, 256, (32, 33)).astype(np.int16),
        random.integers(0, 256, (33, 32)).astype(np.int16),
    )


@pytest.mark.parametrize("data", [b"", b"\0" * (RECORD - 1), b"\0" * (RECORD + 1)])
def test_a_record_of_another_length_is_refused(data: bytes) -> None:
    with pytest.raises(BadSigns):
        unpack([data])


GOOD = pack([PatchSigns(7, True, bytes(RECORD))])


@pytest.mark.parametrize(
    "document",
    [
        b"",
        GOOD[1:],
        bytes([VERSION + 1]) + GOOD[1:],
        GOOD[:-1],
        GOOD + b"\0",
        GOOD + GOOD[1:] * MOST_PATCHES,
    ],
    ids=["empty", "no version", "another version", "cut off", "too long", "too many"],
)
def test_a_document_that_pack_did_not_write_is_refused(document: bytes) -> None:
    with pytest.raises(BadSigns):
        unpack_document(document)


def test_what_is_packed_is_unpacked() -> None:
    signs = [PatchSigns(view, True, record(*cells(view))) for view in (0, 300)]

    assert list(unpack_document(pack(signs))) == signs
    assert unpack_document(pack([])) == ()
    assert len(unpack_document(pack(signs * MOST_PATCHES))) == MOST_PATCHES


def test_steps_keep_their_sign_and_the_class_of_their_size() -> None:
    across, down = cells(1)
    across[:], down[:] = 100, 100
    across[0, :8] = [100, 101, 104, 108, 120, 133, 120, 120]

    right, downwards = unpack([record(across, down)])[0]

    assert right[0, :7].tolist() == [1, 1, 2, 2, 3, -3, 0]
    assert not downwards.any()


@pytest.mark.parametrize("turn", range(8), ids=lambda turn: ORIENTATIONS[turn] or "as it is")
def test_steps_turn_as_the_picture_does(turn: int) -> None:
    across, down = cells(3)
    turned = unpack(
        [record(eight(across[None], down[None])[0, turn], eight(down[None], across[None])[0, turn])]
    )

    assert np.array_equal(eight_steps(unpack([record(across, down)]))[0, turn], turned[0])


@pytest.fixture(scope="module")
def pictures() -> Callable[[int], Image.Image]:
    made: dict[int, Image.Image] = {}
    return lambda number: made.setdefault(number, scene(4_000 + number))


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_stranger_in_the_same_layout_is_not_blocked(
    name: str, pictures: Callable[[int], Image.Image]
) -> None:
    drawn = [seen(encode(one, "PNG")) for one in strangers(LAYOUTS[name], 6, pictures=pictures, seed=17)]
    sides = [(upload_side(one), ban_side(one)) for one in drawn if one.signs]
    found = [
        weigh(upload, ban)
        for place, (upload, _) in enumerate(sides)
        for other, (_, ban) in enumerate(sides)
        if place != other
    ]

    assert [one for one in found if one is not None and one.band == "block"] == []


@pytest.mark.parametrize("name", TEMPLATES)
def test_the_same_form_with_other_words_is_not_blocked(
    name: str, pictures: Callable[[int], Image.Image]
) -> None:
    one, other = strangers(TEMPLATES[name], 2, pictures=pictures, seed=18)

    found = weighed(encode(other), encode(one))

    assert found is None or found.band != "block"


@pytest.mark.parametrize("seed", range(4))
def test_every_edited_copy_of_a_picture_is_blocked(seed: int) -> None:
    picture = scene(600 + seed)
    ban = ban_side(seen(encode(picture)))

    found = {name: weigh(upload_side(seen(data)), ban) for name, data in edited_copies(picture).items()}

    assert {name: one.band for name, one in found.items() if one} == dict.fromkeys(found, "block")


@pytest.mark.parametrize("name", ["card 35 %", "round avatar, light", "bars at the sides", "icons"])
def test_a_copy_in_its_own_layout_is_blocked(name: str, pictures: Callable[[int], Image.Image]) -> None:
    draw: Draw = LAYOUTS[name]
    (card,) = strangers(draw, 1, pictures=pictures, seed=19)
    smaller = card.resize((card.width * 3 // 4, card.height * 3 // 4))

    found = weighed(encode(smaller, quality=60), encode(card, "PNG"))

    assert found is not None
    assert found.band == "block"


def test_a_copy_says_which_places_agree_and_which_differ() -> None:
    picture = scene(700, (400, 400))
    copy = picture.copy()
    copy.paste(scene(701, (130, 130)), (0, 0))

    found = weighed(encode(copy), encode(picture))

    assert found is not None
    agreeing = np.unpackbits(np.frombuffer(found.agreeing, np.uint8)).reshape(8, 8).astype(bool)
    differing = np.unpackbits(np.frombuffer(found.differing, np.uint8)).reshape(8, 8).astype(bool)
    assert found.agree == agreeing.sum() <= found.places
    assert differing[:2, :2].all()
    assert not differing[3:, 3:].any()
    assert not (agreeing & differing).any()


def test_pictures_without_signs_or_contrast_say_nothing() -> None:
    nothing, level = Side.of([]), Side.of([bytes(RECORD)])
    something = Side.of([record(*cells(5))])

    assert weigh(nothing, something) is None
    assert weigh(something, nothing) is None
    assert weigh(something, level) is None
    assert weigh(level, something) is not None
    assert weigh(level, something).band == "nothing"  # type: ignore[union-attr]


STRIPES = Measures(
    places=64,
    agree=50,
    differ=10,
    half=0.375,
    steps=1345,
    bits=0.874,
    strong=0.879,
    opposed=0.156,
    steeply_opposed=0.030,
    turns=485,
)
"""Counted on a photograph of a striped shirt and its mirror image, at 3 and 4 bits."""


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, "hold"),
        ({"steeply_opposed": 0.04}, "nothing"),
        ({"half": 0.25}, "nothing"),
        ({"opposed": 0.12}, "hold"),
    ],
)
def test_fine_stripes_that_a_change_of_size_has_moved_are_held(
    change: dict[str, float], expected: str
) -> None:
    assert band_of(replace(STRIPES, **change)) == expected  # type: ignore[arg-type]
