"""What stands around a picture in its file: good pictures are taken whatever it is, and cost what they show."""

from __future__ import annotations

import struct
import time
import zlib

import numpy as np
import pytest
from PIL import Image

from moderation.domain.analysis import Limits
from moderation.domain.imaging import probe
from moderation.domain.imaging.opening import open_picture
from moderation.exceptions import TooManyFrames, TooManyPixels, Undecodable
from tests.domain.built import Drawn, Part, apng, chunk, gif, with_chunks
from tests.domain.drawn import analysed, distance, file_of, waves

SMALL = waves().resize((120, 120))
BAN = analysed(file_of(waves()))


def assert_found(data: bytes) -> None:
    """Check that the file is taken and found as a copy of the banned picture, and that door and decoder agree."""
    copy = analysed(data, want_clean=True)
    assert distance(copy, BAN, "dhash256") <= 8
    assert copy.clean is not None
    assert probe(data, Limits()) == copy.probe
    assert copy.probe.frames == 1


def camera_file() -> tuple[bytes, int]:
    """Return a JPEG with an index of two pictures, and where the second begins."""
    data = file_of(waves(), "MPO", save_all=True, append_images=[waves(5)], quality=92)
    return data, len(file_of(waves(5), "JPEG", quality=92))


def test_a_second_picture_that_is_missing_cut_or_broken_is_no_fault_of_the_first() -> None:
    data, second = camera_file()
    assert_found(data)
    assert_found(data[:-second])
    assert_found(data[: -second // 2])
    assert_found(data[:-second] + b"garbage" * (second // 7))
    assert_found(data.replace(b"MPF\0MM", b"MPF\0XX").replace(b"MPF\0II", b"MPF\0XX"))


def test_a_first_picture_that_is_cut_stays_refused() -> None:
    data, second = camera_file()
    with pytest.raises(Undecodable):
        analysed(data[: -second - 500])


def long_text(kind: bytes) -> bytes:
    body = b"workflow\0" + {b"zTXt": b"\0", b"iTXt": b"\1\0\0\0"}[kind] + zlib.compress(bytes(9_000_000))
    return chunk(kind, body)


@pytest.mark.parametrize(
    "chunks",
    [
        [long_text(b"zTXt")],
        [long_text(b"iTXt")],
        [chunk(b"tEXt", b"Comment\0" + b"x" * 3_000_000)],
        [chunk(b"tEXt", b"Comment\0%d" % number) for number in range(20_000)],
        [chunk(b"iCCP", b"printer\0\0" + zlib.compress(bytes(12_000_000)))],
        [chunk(b"iCCP", b"printer\0\0garbage")],
        [chunk(b"iCCP", b"printer\0\0" + zlib.compress(b"cut")[:-3])],
        [chunk(b"tIME", b"1234567", broken=True)],
        [chunk(b"eXIf", b"MM\0*garbage", broken=True)],
        [chunk(b"iCCP", b"sRGB\0\0" + zlib.compress(b"none"), broken=True)],
        [chunk(b"prIv", b"private"), chunk(b"vpAg", b"unknown")],
    ],
    ids=[
        "zTXt",
        "iTXt",
        "tEXt",
        "many",
        "iCCP",
        "bad iCCP",
        "cut iCCP",
        "tIME crc",
        "eXIf crc",
        "iCCP crc",
        "own",
    ],
)
def test_a_png_is_taken_whatever_it_carries_beside_the_picture(chunks: list[bytes]) -> None:
    assert_found(with_chunks(file_of(waves()), *chunks))
    assert_found(file_of(waves())[:-12] + b"".join(chunks) + chunk(b"IEND", b""))


def test_nothing_of_what_a_png_carries_is_published() -> None:
    data = with_chunks(file_of(waves()), chunk(b"tEXt", b"Comment\0meet me"), chunk(b"zTXt", b"A\0\0meet me"))
    clean = analysed(data, want_clean=True).clean
    assert clean is not None
    assert b"meet me" not in clean.data


@pytest.mark.parametrize("kind", [b"IHDR", b"PLTE", b"IDAT", b"tRNS", b"fcTL"])
def test_a_wrong_checksum_of_what_makes_the_picture_is_refused(kind: bytes) -> None:
    drawing = waves().quantize(60)
    data = file_of(drawing, transparency=3)
    if kind == b"fcTL":
        data = apng((8, 8), [Part(np.zeros((8, 8, 4)))] * 2)
    place = data.index(kind)
    length = int.from_bytes(data[place - 4 : place], "big")
    end = place + 4 + length
    with pytest.raises(Undecodable):
        analysed(data[:end] + bytes([data[end] ^ 1]) + data[end + 1 :])


def test_an_unknown_chunk_that_has_to_be_understood_is_refused() -> None:
    with pytest.raises(Undecodable):
        analysed(with_chunks(file_of(waves()), chunk(b"NEWP", b"a new way of packing")))


def outside(offset: int, frames: int = 1) -> bytes:
    first = SMALL
    patch = waves(7).resize((50, 50))
    return gif((120, 120), [Drawn(first), *[Drawn(patch, offset, offset)] * frames])


@pytest.mark.parametrize("offset", [90, 180, 3_000, 9_000, 45_000])
def test_a_frame_outside_of_the_screen_is_cut_off_at_it(offset: int) -> None:
    data = outside(offset)
    found = analysed(data, want_clean=True)
    assert (found.probe.width, found.probe.height, found.probe.frames) == (120, 120, 2)
    assert probe(data, Limits()) == found.probe
    assert found.clean is not None
    assert (found.clean.width, found.clean.height) == (120, 120)
    assert distance(found, analysed(file_of(SMALL)), "dhash256") <= 8
    views = {code.view for code in found.queries}
    assert views == ({0, 1} if offset < 120 else {0})


def test_forty_frames_far_outside_cost_what_forty_small_ones_do() -> None:
    data, started = outside(6_000, 40), time.process_time()
    analysed(data, want_clean=True)
    assert time.process_time() - started < 1.0


def test_the_first_frame_enlarges_the_canvas_as_browsers_have_it_and_counts_against_the_limit() -> None:
    large = Image.new("P", (500, 400), 1)
    assert probe(gif((50, 40), [Drawn(large)]), Limits()).width == 500
    with pytest.raises(TooManyPixels):
        probe(gif((50, 40), [Drawn(large)]), Limits(max_pixels=500 * 400 - 1))
    with pytest.raises(TooManyPixels):
        probe(gif((50, 40), [Drawn(Image.new("P", (9, 9)), 60_000, 60_000)]), Limits())


def test_a_later_frame_that_is_larger_than_the_limit_is_refused_before_it_is_decoded() -> None:
    data = gif((50, 40), [Drawn(Image.new("P", (50, 40))), Drawn(Image.new("P", (500, 400)))])
    assert probe(data, Limits()).width == 50
    with pytest.raises(TooManyPixels):
        probe(data, Limits(max_pixels=500 * 400 - 1))


def test_large_frames_of_a_small_gif_are_counted_as_what_they_are() -> None:
    huge = Image.new("P", (3_000, 3_000))
    data = gif((50, 40), [Drawn(waves(0, (50, 40))), *[Drawn(huge)] * 9])
    found = analysed(data)
    assert found.notes == ("animation_pixels", "unchecked_frames")


def test_a_gif_cleared_between_frames_is_transparent_there() -> None:
    """Pillow fills in the background colour, which no browser shows."""
    patch = Image.new("RGB", (40, 40), "red")
    data = gif((120, 120), [Drawn(patch, disposal=2), Drawn(patch, 80, 80)])
    opened = open_picture(data, Limits())
    assert opened.frame(0).image.getpixel((20, 20)) == (255, 0, 0, 255)
    assert opened.frame(1).image.getpixel((20, 20)) == (0, 0, 0, 0)


def test_junk_between_the_blocks_of_a_gif_is_skipped() -> None:
    data = gif((120, 120), [Drawn(SMALL), Drawn(waves(1, (120, 120)))])
    assert probe(data[:13] + b"\0\0junk" + data[13:], Limits()).frames == 2
    with pytest.raises(Undecodable):
        probe(data[:13] + b"junk", Limits())


def test_a_default_image_that_no_browser_shows_is_no_frame() -> None:
    hidden, *shown = (np.asarray(waves(seed, (90, 60)).convert("RGBA")) for seed in range(3))
    found = analysed(apng((90, 60), [Part(one) for one in shown], hidden=hidden), want_clean=True)
    assert found.probe.frames == 2
    assert found.clean is not None
    assert found.clean.frames == 2
    assert distance(found, analysed(file_of(waves(0, (90, 60)))), "dhash256") > 60
    only = analysed(apng((90, 60), [Part(shown[0])], hidden=hidden))
    assert only.probe.frames == 1
    assert only.pixels == analysed(file_of(waves(1, (90, 60)))).pixels


def test_an_animated_png_that_names_too_many_frames_or_none_is_what_browsers_show() -> None:
    data = apng((90, 60), [Part(np.asarray(waves(seed, (90, 60)).convert("RGBA"))) for seed in range(3)])

    def saying(frames: int) -> bytes:
        return data[:33] + chunk(b"acTL", struct.pack(">II", frames, 0)) + data[53:]

    assert probe(saying(3), Limits()).frames == 3
    assert probe(saying(0), Limits()).frames == probe(saying(0xFFFF_FFFF), Limits()).frames == 1
    with pytest.raises(Undecodable):
        probe(saying(4), Limits())
    with pytest.raises(TooManyFrames):
        probe(data, Limits(max_frames=2))


def progressive(side: int, scans: int) -> bytes:
    """Write a JPEG that repeats its last scan, of twelve bytes or so, until there are so many."""
    data = file_of(Image.new("RGB", (side, side), (90, 120, 50)), "JPEG", progressive=True, quality=30)
    starts = [place for place in range(len(data)) if data.startswith(b"\xff\xda", place)]
    return data[:-2] + data[starts[-1] : -2] * (scans - len(starts)) + b"\xff\xd9"


def test_scans_times_pixels_of_a_jpeg_are_bounded_at_the_door() -> None:
    started = time.process_time()
    with pytest.raises(TooManyPixels):
        probe(progressive(2_000, 200), Limits())
    assert time.process_time() - started < 0.5
    assert probe(progressive(500, 200), Limits()).width == 500
    started = time.process_time()
    analysed(progressive(2_000, 149))
    assert time.process_time() - started < 2.0


def test_every_encoders_progressive_jpeg_is_taken_at_the_largest_size() -> None:
    ordinary = file_of(Image.new("RGB", (6_300, 6_300), (90, 120, 50)), "JPEG", progressive=True)
    assert probe(ordinary, Limits()).width == 6_300
