"""Codes conform to the tools whose names they bear, and do not drift."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import imagehash
import pytest
from PIL import Image, ImageOps

from moderation.domain.algorithms import ALGORITHMS, algorithm_named
from moderation.domain.analysis import ORIENTATIONS
from moderation.domain.fingerprints import format_code, hamming, nearly_constant, parse_code
from moderation.exceptions import UnknownAlgorithm
from tests.domain.drawn import analysed, distance, file_of, waves

IMAGEHASH: dict[str, Callable[[Image.Image], imagehash.ImageHash]] = {
    "dhash256": lambda picture: imagehash.dhash(picture, 16),
    "phash256": lambda picture: imagehash.phash(picture, 16),
    "ahash64": imagehash.average_hash,
    "dhash64": imagehash.dhash,
    "phash64": imagehash.phash,
    "whash64": imagehash.whash,
}
TURNED: dict[str, Callable[[Image.Image], Image.Image]] = {
    "": lambda picture: picture,
    "mirrored": ImageOps.mirror,
    "upside down, mirrored": ImageOps.flip,
    "rotated 180": lambda picture: picture.transpose(Image.Transpose.ROTATE_180),
    "transposed": lambda picture: picture.transpose(Image.Transpose.TRANSPOSE),
    "rotated 90": lambda picture: picture.transpose(Image.Transpose.ROTATE_90),
    "rotated 270": lambda picture: picture.transpose(Image.Transpose.ROTATE_270),
    "transversed": lambda picture: picture.transpose(Image.Transpose.TRANSVERSE),
}
GOLDEN = Path(__file__).parent / "golden_hashes.json"


@pytest.mark.parametrize("name", IMAGEHASH)
@pytest.mark.parametrize("turn", ORIENTATIONS)
def test_codes_are_those_of_imagehash_in_every_orientation(name: str, turn: str) -> None:
    """Within rounding: a larger picture is reduced in two steps here, in one there."""
    picture = waves(size=(200, 180))
    expected = bytes.fromhex(str(IMAGEHASH[name](TURNED[turn](picture))))
    codes = analysed(file_of(picture), algorithms=(name,)).enrolment
    nearest = min(hamming(code.bits, expected) for code in codes)
    assert nearest <= (4 if ALGORITHMS[name].bits == 256 else 2)


@pytest.mark.parametrize("name", ["dhash256", "phash256"])
def test_a_large_picture_s_codes_stay_near_those_of_imagehash(name: str) -> None:
    picture = waves(size=(1_300, 1_000))
    code = analysed(file_of(picture), algorithms=(name,)).queries[0]
    assert hamming(code.bits, bytes.fromhex(str(IMAGEHASH[name](picture)))) <= 8


def test_the_negative_is_found() -> None:
    ban = analysed(file_of(waves()))
    negative = analysed(file_of(ImageOps.mirror(ImageOps.invert(waves())), "JPEG", quality=80))
    assert distance(negative, ban, "dhash256") <= 10


def test_golden_hashes_have_not_drifted() -> None:
    """An upgrade that changes a code by a bit fails here; then the algorithm needs a new version and a rehash."""
    golden = json.loads(GOLDEN.read_text())
    assert golden == golden_hashes()


def golden_hashes() -> dict[str, dict[str, str]]:
    """Return by picture and algorithm the code of the picture as it is."""
    names = tuple(ALGORITHMS)
    pictures = {
        "colour": waves(0),
        "tall": waves(1, (300, 700)),
        "large": waves(2, (1_600, 1_200)),
        "grey": waves(3).convert("L"),
        "alpha": waves(4).convert("LA"),
    }
    return {
        title: {
            code.algorithm: format_code(code.bits)
            for code in analysed(file_of(picture), algorithms=names).queries
            if code.variant == ""
        }
        for title, picture in pictures.items()
    }


@pytest.mark.parametrize("name", ALGORITHMS)
def test_printed_codes_are_read_back(name: str) -> None:
    bits = bytes(range(ALGORITHMS[name].bits // 8))
    text = format_code(bits)
    assert parse_code(name, text) == bits
    assert parse_code(name, f"  0x{text.upper()}\n") == bits


@pytest.mark.parametrize("text", ["", "zz", "12", "0x", "f" * 63, "f" * 65, "é" * 64])
def test_text_that_is_no_code_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="64 hexadecimal digits"):
        parse_code("dhash256", text)


def test_names_carry_versions_and_unknown_ones_are_refused() -> None:
    assert algorithm_named("dhash256").qualified == "dhash256/1"
    assert algorithm_named("dhash256/1").bits == 256
    for name in ("md5", "dhash256/2", ""):
        with pytest.raises(UnknownAlgorithm):
            algorithm_named(name)


def test_hamming_counts_bits_and_refuses_different_widths() -> None:
    assert hamming(b"\xff\x00", b"\x0f\x01") == 5
    with pytest.raises(ValueError, match="do not compare"):
        hamming(b"\x00", b"\x00\x00")


@pytest.mark.parametrize("width", [8, 32])
def test_a_code_of_which_a_sixteenth_differs_is_nearly_constant(width: int) -> None:
    few = (1 << width * 8 // 16) - 1
    more = few << 1 | 1
    all_ones = (1 << width * 8) - 1

    for bits in (0, few, all_ones, all_ones ^ few):
        assert nearly_constant(bits.to_bytes(width, "big"))
    for bits in (more, all_ones ^ more):
        assert not nearly_constant(bits.to_bytes(width, "big"))
