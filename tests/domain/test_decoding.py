"""Every colour mode, orientation and frame of a file ends in the same canonical picture."""

from __future__ import annotations

import io
import struct
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms

from moderation.domain.analysis import Limits, Publishing
from moderation.exceptions import Undecodable
from tests.domain.drawn import analysed, distance, file_of, waves

NEAR = 8
"""Bits that rounding and a good encoder may change."""


def assert_same(data: bytes, original: Image.Image, *, near: int = NEAR, **options: Any) -> None:
    ban, upload = analysed(file_of(original)), analysed(data, **options)
    assert distance(upload, ban, "dhash256") <= NEAR
    assert distance(upload, ban, "phash256") <= near


@pytest.mark.parametrize("mode", ["L", "LA", "RGBA", "P", "I;16", "1"])
def test_modes_of_png(mode: str) -> None:
    grey = waves().convert("L")
    if mode == "I;16":
        picture = Image.fromarray(np.asarray(grey).astype(np.uint16) * 257)
    elif mode == "P":
        picture = waves().quantize(200)
    else:
        picture = waves().convert(mode)
    assert picture.mode == mode
    assert_same(file_of(picture), waves(), near=46 if mode in ("P", "1") else NEAR)


@pytest.mark.parametrize("mode", ["I", "F", "LAB", "CMYK", "RGBA", "LA", "I;16B"])
def test_modes_of_tiff_when_a_setting_allows_it(mode: str) -> None:
    if mode == "LAB":
        srgb, lab = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
        converted = ImageCms.profileToProfile(waves(), srgb, lab, outputMode="LAB")
        assert converted is not None
        picture = converted
    elif mode == "I;16B":
        big_endian = (np.asarray(waves().convert("L")).astype(">u2") * 257).tobytes()
        picture = Image.frombytes("I;16B", waves().size, big_endian)
    else:
        picture = waves().convert("L").convert(mode) if mode in ("I", "F") else waves().convert(mode)
    assert_same(file_of(picture, "TIFF"), waves(), limits=Limits(formats=("TIFF",)))


def test_cmyk_jpeg() -> None:
    assert_same(file_of(waves().convert("CMYK"), "JPEG", quality=90), waves())


def test_transparency_of_a_palette_and_of_a_colour() -> None:
    assert_same(file_of(waves().quantize(128), transparency=5), waves(), near=46)
    assert_same(file_of(waves(), transparency=(1, 2, 3)), waves())


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied(orientation: int) -> None:
    stored = {
        1: None,
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }[orientation]
    picture = waves() if stored is None else waves().transpose(stored)
    exif = Image.Exif()
    exif[0x0112] = orientation
    upload = analysed(file_of(picture, "JPEG", quality=92, exif=exif), want_clean=True)
    upright = analysed(file_of(waves()))
    ours = next(code.bits for code in upload.queries if code.variant == "")
    theirs = next(code.bits for code in upright.queries if code.variant == "")
    assert (int.from_bytes(ours, "big") ^ int.from_bytes(theirs, "big")).bit_count() <= NEAR
    assert upload.clean is not None
    assert (upload.clean.width, upload.clean.height) == waves().size


def test_a_broken_exif_block_is_no_reason_to_refuse() -> None:
    assert_same(
        file_of(waves(), "JPEG", quality=92, exif=b"Exif\x00\x00MM\x00*\x00\x00\x00\x08garbage"), waves()
    )


def display_p3() -> bytes:
    """Return a minimal ICC profile with the primaries of a wide-gamut telephone display and gamma 2.2."""

    def xyz(*values: float) -> bytes:
        return b"XYZ " + bytes(4) + struct.pack(">3i", *(round(value * 65536) for value in values))

    curve = b"curv" + bytes(4) + struct.pack(">IH", 1, round(2.2 * 256)) + bytes(2)
    name = b"desc" + bytes(4) + struct.pack(">I", 3) + b"P3\0" + bytes(78)
    tags = {
        b"desc": name + bytes(-len(name) % 4),
        b"wtpt": xyz(0.9642, 1.0, 0.8249),
        b"rXYZ": xyz(0.51512, 0.24120, -0.00105),
        b"gXYZ": xyz(0.29198, 0.69225, 0.04189),
        b"bXYZ": xyz(0.15710, 0.06657, 0.78407),
        b"rTRC": curve,
        b"gTRC": curve,
        b"bTRC": curve,
    }
    table, body, start = b"", b"", 128 + 4 + 12 * len(tags)
    for tag, value in tags.items():
        table += tag + struct.pack(">2I", start + len(body), len(value))
        body += value
    size = struct.pack(">I", start + len(body))
    head = size + bytes(4) + b"\x02\x10\0\0mntrRGB XYZ " + bytes(12) + b"acsp" + bytes(28)
    head += struct.pack(">3i", 63190, 65536, 54061)
    return head.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + body


def test_a_wide_gamut_copy_is_the_same_picture() -> None:
    """Its numbers differ, its look does not."""
    profile = ImageCms.ImageCmsProfile(io.BytesIO(display_p3()))
    muted = Image.blend(waves(), waves().convert("L").convert("RGB"), 0.4)
    converted = ImageCms.profileToProfile(muted, ImageCms.createProfile("sRGB"), profile, outputMode="RGB")
    assert converted is not None
    copy = analysed(file_of(converted, icc_profile=display_p3()), want_clean=True)
    assert distance(copy, analysed(file_of(muted)), "dhash256") <= NEAR
    assert copy.clean is not None
    seen = np.asarray(Image.open(io.BytesIO(copy.clean.data)), dtype=np.float64)
    assert (
        np.abs(seen - np.asarray(muted)).mean()
        < np.abs(np.asarray(converted) - np.asarray(muted).astype(float)).mean()
    )


@pytest.mark.parametrize("profile", [b"garbage", b"", bytes(4_000)])
def test_a_broken_profile_is_ignored(profile: bytes) -> None:
    assert_same(file_of(waves(), "JPEG", quality=92, icc_profile=profile), waves())


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP", "AVIF"])
def test_every_frame_is_looked_at(kind: str) -> None:
    frames = [waves(seed) for seed in (11, 12, 0, 13)]
    upload = analysed(file_of(frames[0], kind, save_all=True, append_images=frames[1:], duration=90))
    assert distance(upload, analysed(file_of(waves())), "dhash256") <= NEAR
    assert upload.probe.frames == 4


def test_equal_frames_are_one_view() -> None:
    frames = [waves(1), waves(2), waves(1), waves(2), waves(1)]
    upload = analysed(file_of(frames[0], "PNG", save_all=True, append_images=frames[1:], duration=120))
    assert {code.view for code in upload.queries} == {0, 1}


@pytest.mark.parametrize(
    ("publishing", "note"),
    [(Publishing(frame_cap=3), "frame_cap"), (Publishing(animated=False), "animation_off")],
)
def test_an_animation_is_published_whole_or_as_its_first_frame(publishing: Publishing, note: str) -> None:
    frames = [waves(seed) for seed in (1, 2, 3, 4)]
    data = file_of(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=90)
    still = analysed(data, publishing=publishing, want_clean=True)
    assert still.notes == (note,)
    assert {code.view for code in still.queries} == {0}
    assert still.clean is not None
    assert still.clean.frames == 1
    assert distance(still, analysed(file_of(waves(3))), "dhash256") > 60


def test_transparency_is_looked_at_on_white_and_on_black() -> None:
    grey = waves().convert("L")
    for ink, alpha in ((0, Image.eval(grey, lambda value: 255 - value)), (255, grey)):
        drawn = Image.new("RGBA", grey.size, (ink, ink, ink, 0))
        drawn.putalpha(alpha)
        upload = analysed(file_of(drawn))
        assert distance(upload, analysed(file_of(waves())), "dhash256") <= NEAR


def test_a_large_jpeg_is_decoded_small_and_looks_the_same() -> None:
    large = waves().resize((3_600, 3_000), Image.Resampling.BICUBIC)
    assert_same(file_of(large, "JPEG", quality=90), waves())


def test_pixels_survive_a_lossless_copy_and_nothing_else() -> None:
    original = analysed(file_of(waves()))
    assert analysed(file_of(waves().convert("RGBA"), "WEBP", lossless=True)).pixels == original.pixels
    assert analysed(file_of(waves(), "JPEG")).pixels != original.pixels
    assert original.sha256 != analysed(file_of(waves(), compress_level=1)).sha256


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP", "AVIF"])
@pytest.mark.parametrize("share", [0.3, 0.6, 0.95])
def test_truncated_files_are_refused(kind: str, share: float) -> None:
    data = file_of(waves(), kind)
    with pytest.raises(Undecodable):
        analysed(data[: int(len(data) * share)])


@pytest.mark.parametrize("cap", [2, 60])
@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP"])
def test_an_animation_that_breaks_off_is_refused_even_where_its_start_is_a_still(kind: str, cap: int) -> None:
    frames = [waves(seed) for seed in range(4)]
    data = file_of(frames[0], kind, save_all=True, append_images=frames[1:], duration=90)
    with pytest.raises(Undecodable):
        analysed(data[: int(len(data) * 0.9)], publishing=Publishing(frame_cap=cap))
