"""What the door says of a file's header."""

from __future__ import annotations

import struct
import zlib

import pytest
from PIL import Image

from moderation.domain.analysis import Limits
from moderation.domain.imaging import probe
from moderation.exceptions import (
    EmptyFile,
    FileTooLarge,
    FormatNotAllowed,
    ImageRefused,
    NotAnImage,
    TooManyFrames,
    TooManyPixels,
    Undecodable,
)
from tests.domain.drawn import file_of, waves


def animation(frames: int, kind: str = "GIF", size: tuple[int, int] = (20, 16)) -> bytes:
    pictures = [Image.new("RGB", size, (n * 37 % 256, n * 91 % 256, n * 53 % 256)) for n in range(frames)]
    return file_of(pictures[0], kind, save_all=True, append_images=pictures[1:], duration=50)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP", "AVIF"])
def test_the_five_formats_pass_with_their_size(kind: str) -> None:
    found = probe(file_of(waves(), kind), Limits())
    assert (found.format, found.width, found.height, found.frames) == (kind, 360, 300, 1)


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP"])
def test_frames_are_counted(kind: str) -> None:
    assert probe(animation(7, kind), Limits()).frames == 7


@pytest.mark.parametrize(
    ("data", "refusal"),
    [
        (b"", EmptyFile),
        (b"hello, this is text", NotAnImage),
        (b"<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg'/>", FormatNotAllowed),
        (b"%PDF-1.7\n", FormatNotAllowed),
        (b"8BPS\x00\x01", FormatNotAllowed),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n", FormatNotAllowed),
        (file_of(Image.new("RGB", (9, 9)), "TIFF"), FormatNotAllowed),
        (file_of(Image.new("RGB", (9, 9)), "BMP"), FormatNotAllowed),
        (b"\x89PNG\r\n\x1a\nnothing of the kind", Undecodable),
    ],
)
def test_what_is_no_picture_of_ours_is_refused_with_its_reason(
    data: bytes, refusal: type[ImageRefused]
) -> None:
    with pytest.raises(ImageRefused) as caught:
        probe(data, Limits())
    assert type(caught.value) is refusal


def test_a_setting_can_allow_a_format() -> None:
    bitmap = file_of(waves(), "BMP")
    assert probe(bitmap, Limits(formats=("JPEG", "BMP"))).format == "BMP"


def test_too_many_bytes() -> None:
    with pytest.raises(FileTooLarge):
        probe(b"\xff" * 101, Limits(max_bytes=100))


def test_a_bomb_is_refused_by_its_header_alone() -> None:
    """144 megapixels in a file of 100 bytes: nothing is there to be decoded."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = struct.pack(">IIBBBBB", 12_000, 12_000, 8, 2, 0, 0, 0)
    bomb = (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b""))
        + chunk(b"IEND", b"")
    )
    with pytest.raises(TooManyPixels):
        probe(bomb, Limits())


def test_a_webp_bomb_is_refused_before_its_decoder_allocates() -> None:
    body = b"VP8X" + struct.pack("<I", 10) + bytes(4) + (16_382).to_bytes(3, "little") * 2
    bomb = b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body
    with pytest.raises(TooManyPixels):
        probe(bomb, Limits())


def test_too_many_frames() -> None:
    assert probe(animation(12), Limits(max_frames=12)).frames == 12
    for kind in ("GIF", "PNG", "WEBP"):
        with pytest.raises(TooManyFrames):
            probe(animation(13, kind), Limits(max_frames=12))


def test_frames_of_a_gif_are_not_counted_beyond_the_limit() -> None:
    """Two million frames of nothing take Pillow most of a minute."""
    frame = b",\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00"
    header = b"GIF89a\x01\x00\x01\x00\x80\x00\x00" + bytes(6)
    with pytest.raises(TooManyFrames):
        probe(header + frame * 1_200_000 + b";", Limits())


def test_the_library_s_own_warnings_stay_inside(recwarn: pytest.WarningsRecorder) -> None:
    with pytest.raises(TooManyPixels):
        probe(file_of(Image.new("1", (9_500, 9_500))), Limits())
    assert not recwarn.list
