"""Damaged files of the five formats: each is answered, soon, and nothing is published that was not looked at."""

from __future__ import annotations

import io
import time
from functools import cache

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from moderation.domain.analysis import AnalysisOptions
from moderation.domain.imaging import probe
from moderation.domain.pipeline import analyse
from moderation.exceptions import ImageRefused
from tests.domain.drawn import file_of, waves

SECONDS = 3.0
KINDS = ("JPEG", "PNG", "GIF", "WEBP", "AVIF")


@cache
def seeds(kind: str) -> tuple[bytes, ...]:
    """Draw a still of a format, one with transparency or of another build, and an animation."""
    picture = waves(3, (72, 56))
    frames = [waves(seed, (72, 56)) for seed in range(3)]
    if kind == "JPEG":
        return file_of(picture, "JPEG"), file_of(picture, "JPEG", progressive=True), file_of(picture, "MPO")
    translucent = picture.convert("RGBA")
    translucent.putalpha(picture.convert("L"))
    animated = file_of(frames[0], kind, save_all=True, append_images=frames[1:], duration=40)
    return file_of(picture, kind), file_of(translucent, kind), animated


@st.composite
def damaged(draw: st.DrawFn, kind: str) -> bytes:
    """Change bytes of a seed, cut it, repeat a part of it, or set two seeds together."""
    data = bytearray(draw(st.sampled_from(seeds(kind))))
    for _ in range(draw(st.integers(0, 6))):
        data[draw(st.integers(0, len(data) - 1))] = draw(st.sampled_from((0, 1, 0x2C, 0x7F, 0x80, 0xFF)))
    if draw(st.booleans()):
        start, length = draw(st.integers(0, len(data) - 1)), draw(st.integers(1, 400))
        data[start:start] = data[start : start + length]
    if draw(st.booleans()):
        del data[draw(st.integers(len(data) // 2, len(data))) :]
    return bytes(data)


def assert_answered(data: bytes) -> None:
    """Check that a file is refused, or searched and published completely, in bounded time."""
    started = time.process_time()
    try:
        found = analyse(data, AnalysisOptions(want_clean=True))
    except ImageRefused:
        found = None
    assert time.process_time() - started < SECONDS
    if found is None:
        return
    assert probe(data, AnalysisOptions().limits) == found.probe
    assert found.clean is not None
    still = {"frame_cap", "animation_pixels"} & set(found.notes)
    assert found.clean.frames <= (1 if still else found.probe.frames)
    published = Image.open(io.BytesIO(found.clean.data))
    assert published.size == (found.clean.width, found.clean.height)
    for number in range(found.clean.frames):
        if number < getattr(published, "n_frames", 1):
            published.seek(number)
            published.load()


@pytest.mark.parametrize("kind", KINDS)
def test_damaged_files_are_answered(kind: str) -> None:
    @settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(damaged(kind))
    def check(data: bytes) -> None:
        assert_answered(data)

    check()
