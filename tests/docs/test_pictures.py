"""The pictures of the explanation pages, and the numbers beside them, are those of the present code."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

from moderation.lab.edits import EDITS, Material
from tests.docs.blocks import ROOT

pytestmark = pytest.mark.slow

NUMBERS: dict[str, int] = json.loads((ROOT / "docs/images/numbers.json").read_text(encoding="utf-8"))
SHOWN = ("JPEG q15", "meme text", "mirror")


@pytest.mark.parametrize("name", SHOWN)
def test_a_distance_in_the_text_is_that_of_the_code(name: str) -> None:
    from docs import make_pictures

    cat, coffee = (Image.fromarray(picture) for picture in make_pictures._photographs())
    (edit,) = (edit for edit in EDITS if edit.name == name)
    copy = edit.make(cat, Material(np.random.default_rng(1), [coffee]))

    # A decoder or encoder of another version may move a bit or two.
    expected = NUMBERS[f"distance_{name.replace(' ', '_')}"]
    assert abs(make_pictures._nearest(cat, copy).distance - expected) <= 2


def test_every_edit_is_a_dot() -> None:
    assert NUMBERS["edits"] == len(EDITS)
    assert NUMBERS["edits_candidates"] + NUMBERS["edits_missed"] == len(EDITS)
