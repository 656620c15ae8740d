"""Odd, broken and huge files: each ends as an analysis or a refusal, soon, and what is damaged never passes."""

from __future__ import annotations

import contextlib
import io
import time
import warnings
from pathlib import Path

import pytest
from PIL import Image

from moderation.domain.analysis import DEFAULT_FORMATS, AnalysisOptions, Limits
from moderation.domain.pipeline import analyse
from moderation.exceptions import ImageRefused

pytestmark = [pytest.mark.corpus, pytest.mark.slow]
SECONDS = 3.0
UNLIKE_PILLOW = {
    "decompression_bomb_extents.gif": True,  # a frame outside of the screen
    "png_decompression_dos.png": True,  # texts
    "unknown_compression_method.png": True,  # of a text
    "sugarshack_ifd_offset.mpo": True,  # no second picture
    "sugarshack_no_data.mpo": True,
    "png__xcsn0g01.png": False,  # the checksum of its data
}
"""Files of which Pillow thinks otherwise, and whether browsers show all of them."""


def files(corpus: Path, folder: str) -> list[Path]:
    return sorted(path for path in (corpus / "hostile" / folder).rglob("*") if path.is_file())


def decodes_completely(data: bytes, formats: tuple[str, ...]) -> bool:
    """Return what Pillow itself makes of the file, frame by frame."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            image = Image.open(io.BytesIO(data), formats=formats)
            for number in range(getattr(image, "n_frames", 1)):
                image.seek(number)
                image.load()
        except Exception:
            return False
    return True


@pytest.mark.parametrize("folder", ["pillow_tests", "pngsuite", "image_rs"])
def test_every_file_ends_in_time_and_as_pillow_would_have_it(corpus: Path, folder: str) -> None:
    """By the allowed formats. Refused may also be what is over a limit."""
    options = AnalysisOptions(want_clean=True, want_evidence=True)
    wrong = []
    for path in files(corpus, folder):
        data, start = path.read_bytes(), time.process_time()
        try:
            analyse(data, options)
            passed, reason = True, ""
        except ImageRefused as refusal:
            passed, reason = False, refusal.code
        if time.process_time() - start > SECONDS:
            wrong.append(f"{path.name}: too slow")
        over = reason in ("too_large", "too_many_pixels", "too_many_frames")
        expected = UNLIKE_PILLOW.get(path.name)
        if expected is None:
            expected = decodes_completely(data, DEFAULT_FORMATS)
        if not over and passed != expected:
            wrong.append(f"{path.name}: {reason or 'passed'}")
    assert wrong == []


@pytest.mark.parametrize("folder", ["pillow_tests", "image_rs"])
def test_every_reader_that_a_setting_may_allow_is_contained(corpus: Path, folder: str) -> None:
    """All but those that start other programs."""
    Image.init()
    formats = tuple(sorted(set(Image.ID) - {"EPS", "WMF"}))
    options = AnalysisOptions(limits=Limits(formats=formats), want_clean=True)
    slow = []
    for path in files(corpus, folder):
        start = time.process_time()
        with contextlib.suppress(ImageRefused):
            analyse(path.read_bytes(), options)
        if time.process_time() - start > SECONDS:
            slow.append(path.name)
    assert slow == []
