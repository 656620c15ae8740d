"""PDQ of a picture as it is stored: at its full size, not turned, in its own colours."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageOps

from moderation.domain.algorithms import ALGORITHMS
from moderation.domain.analysis import ORIENTATIONS, Limits
from moderation.domain.fingerprints import hamming
from moderation.domain.pdq import pdq
from moderation.domain.whole import NAME, hash_whole
from moderation.exceptions import FileTooLarge, NotAnImage, TooManyPixels, Undecodable
from tests.domain.drawn import analysed, file_of, waves
from tests.pictures import encode, flat, scene

BOTH = ("dhash256", NAME)


def _codes(data: bytes) -> tuple[list[bytes], list[bytes]]:
    found = analysed(data, algorithms=BOTH)
    name = ALGORITHMS[NAME].qualified
    return (
        [code.bits for code in found.queries if code.algorithm == name],
        [code.bits for code in found.enrolment if code.algorithm == name],
    )


def test_it_is_the_hash_of_all_stored_pixels() -> None:
    data = encode(scene(1, (1_400, 1_100)))
    with Image.open(io.BytesIO(data)) as stored:
        expected = pdq(np.asarray(stored.convert("RGB")))

    queries, enrolment = _codes(data)

    assert [bits.hex() for bits in queries] == [expected.hex()]
    assert enrolment[0].hex() == hash_whole(data, Limits()).turned[0].hex() == expected.hex()


def test_a_ban_enters_in_all_orientations() -> None:
    _, enrolment = _codes(encode(scene(1)))
    (mirrored,), _ = _codes(encode(ImageOps.mirror(scene(1))))

    assert len(enrolment) == len(ORIENTATIONS)
    assert min(hamming(mirrored, bits) for bits in enrolment) <= 31


def test_an_exif_orientation_turns_nothing() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6

    assert _codes(encode(scene(1)))[0] == _codes(encode(scene(1), exif=exif))[0]


def test_a_flat_picture_has_none() -> None:
    assert _codes(encode(flat(), "PNG")) == ([], [])
    assert hash_whole(encode(flat(), "PNG"), Limits()).quality == 0


def test_it_is_not_computed_unless_asked_for() -> None:
    found = analysed(file_of(waves()), algorithms=("dhash256",))

    assert {code.algorithm for code in (*found.queries, *found.enrolment)} == {"dhash256/1"}


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"no picture", NotAnImage),
        (encode(scene(1))[:900], Undecodable),
        (encode(scene(1, (300, 300))), TooManyPixels),
    ],
)
def test_what_cannot_be_hashed_is_refused(data: bytes, error: type[Exception]) -> None:
    with pytest.raises(error):
        hash_whole(data, Limits(max_pixels=80_000 if error is TooManyPixels else 1_000_000))


def test_a_file_over_the_limit_is_refused() -> None:
    with pytest.raises(FileTooLarge):
        hash_whole(encode(scene(1)), Limits(max_bytes=100))
