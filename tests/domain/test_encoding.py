"""What is published and what is kept as evidence: clean, whole, and no more than was fingerprinted."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageChops, PngImagePlugin

from moderation.domain.analysis import Encoded, Publishing
from tests.domain.drawn import analysed, distance, file_of, waves

SECRET = b"meet me at the station"


def clean_of(data: bytes, publishing: Publishing | None = None) -> tuple[Encoded, Image.Image]:
    clean = analysed(data, want_clean=True, publishing=publishing or Publishing()).clean
    assert clean is not None
    picture = Image.open(io.BytesIO(clean.data))
    assert (picture.format, picture.size) == (clean.format, (clean.width, clean.height))
    return clean, picture


def test_metadata_is_gone() -> None:
    exif = Image.Exif()
    exif[0x010E] = SECRET.decode()
    notes = PngImagePlugin.PngInfo()
    notes.add_text("Comment", f"<script>{SECRET.decode()}</script>")
    for data in (
        file_of(waves(), "JPEG", exif=exif, comment=SECRET, icc_profile=SECRET),
        file_of(waves().quantize(20), "PNG", pnginfo=notes, icc_profile=SECRET),
        file_of(waves().convert("RGBA"), "WEBP", exif=exif),
    ):
        clean, picture = clean_of(data)
        assert SECRET not in clean.data
        assert b"script" not in clean.data
        assert not {"exif", "icc_profile", "comment", "Comment"} & set(picture.info)


def test_what_lies_behind_the_picture_is_gone() -> None:
    clean, _ = clean_of(file_of(waves(), "JPEG") + SECRET)
    assert SECRET not in clean.data


def test_colours_under_full_transparency_are_gone() -> None:
    hidden = waves().convert("RGBA")
    alpha = Image.new("L", hidden.size, 0)
    alpha.paste(255, (100, 100, 200, 200))
    hidden.putalpha(alpha)
    clean, picture = clean_of(file_of(hidden), Publishing(transparency=True))
    assert clean.format == "WEBP"
    pixels = np.asarray(picture.convert("RGBA"))
    assert int(pixels[:60, :60, :3].max()) <= 8


def test_what_is_published_looks_the_same_on_every_page() -> None:
    """Without an alpha channel no page can show what neither background of the comparison did."""
    shape = Image.new("L", (200, 200), 128)
    shape.paste(waves().convert("L").resize((100, 100)), (50, 50))
    drawn = Image.merge("LA", (shape, Image.new("L", shape.size, 120)))
    _, picture = clean_of(file_of(drawn, "PNG"))
    assert picture.mode == "RGB"
    on_white = Image.new("RGBA", drawn.size, "white")
    on_white.alpha_composite(drawn.convert("RGBA"))
    apart = np.asarray(ImageChops.difference(picture, on_white.convert("RGB")))
    assert int(apart.max()) < 24


def test_large_pictures_are_scaled_down_and_small_ones_left() -> None:
    large = waves().resize((1_800, 1_500))
    clean, _ = clean_of(file_of(large), Publishing(max_side=600))
    assert (clean.width, clean.height) == (600, 500)
    clean, _ = clean_of(file_of(waves()))
    assert (clean.width, clean.height) == (360, 300)


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (file_of(waves()), "JPEG"),
        (file_of(waves().quantize(12)), "PNG"),
        (file_of(waves().convert("L")), "JPEG"),
    ],
)
def test_photographs_become_jpeg_and_drawings_png(data: bytes, kind: str) -> None:
    assert clean_of(data)[0].format == kind


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP"])
def test_animations_stay_animated_with_every_frame(kind: str) -> None:
    frames = [waves(seed) for seed in range(5)]
    clean, picture = clean_of(file_of(frames[0], kind, save_all=True, append_images=frames[1:], duration=70))
    assert (clean.format, clean.frames, getattr(picture, "n_frames", 1)) == ("WEBP", 5, 5)
    for number, frame in enumerate(frames):
        picture.seek(number)
        published = analysed(file_of(picture.convert("RGB")))
        assert distance(published, analysed(file_of(frame)), "dhash256") <= 16


def test_a_long_animation_is_scaled_so_that_it_can_be_encoded_in_time() -> None:
    large = waves(0).resize((800, 800))
    frames = [ImageChops.offset(large, 25 * n, 0) for n in range(30)]
    clean, _ = clean_of(
        file_of(frames[0], "WEBP", save_all=True, append_images=frames[1:], quality=30, method=0)
    )
    assert clean.frames == 30
    assert clean.width * clean.height * 30 <= 12_000_000


def test_evidence_is_a_small_still_also_of_something_transparent() -> None:
    drawn = waves().resize((1_400, 1_100)).convert("RGBA")
    drawn.putalpha(120)
    for data in (file_of(drawn), file_of(waves().resize((1_400, 1_100)), "JPEG")):
        evidence = analysed(data, want_evidence=True).evidence
        assert evidence is not None
        assert evidence.format == "JPEG"
        assert 300 <= max(evidence.width, evidence.height) <= 512
