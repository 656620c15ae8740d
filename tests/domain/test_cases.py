"""Files that were got wrong once, from the folder of cases. Each kind is drawn in a test of its own as well."""

from __future__ import annotations

from pathlib import Path

import pytest

from moderation.domain.analysis import Analysis, Encoded
from tests.domain.drawn import analysed

pytestmark = pytest.mark.corpus


def taken(cases: Path, name: str) -> tuple[Analysis, Encoded]:
    found = analysed((cases / name).read_bytes(), want_clean=True)
    assert found.clean is not None
    return found, found.clean


@pytest.mark.parametrize("offset", [60, 3_000, 9_000, 45_000])
def test_a_gif_with_a_frame_outside_is_published_at_its_own_size(cases: Path, offset: int) -> None:
    _, clean = taken(cases, f"gif-outside-canvas/grow-{offset}.gif")
    assert (clean.width, clean.height, clean.frames) == (120, 120, 2)


def test_a_camera_file_is_its_first_picture(cases: Path) -> None:
    whole, _ = taken(cases, "mpo-second-broken/whole.jpg")
    for name in ("missing", "cut", "garbage"):
        found, _ = taken(cases, f"mpo-second-broken/second-{name}.jpg")
        assert found.pixels == whole.pixels


@pytest.mark.parametrize("name", ["ztxt", "itxt", "iccp"])
def test_a_png_with_a_long_text_or_profile_is_taken(cases: Path, name: str) -> None:
    _, clean = taken(cases, f"png-text-over-1mb/{name}.png")
    assert (clean.width, clean.height) == (256, 256)


def test_a_hidden_default_image_is_no_frame(cases: Path) -> None:
    found, clean = taken(cases, "zero-delay/apng-default-image.png")
    assert (found.probe.frames, clean.frames) == (2, 2)
