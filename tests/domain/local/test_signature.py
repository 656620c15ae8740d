"""What is stored survives the way through a database, and nothing else is taken for it."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moderation.domain.local.quality import warnings
from moderation.domain.local.signature import BadSignature, LocalSignature
from tests.domain.local.pictures_local import banned, features, invented
from tests.pictures import flat, scene


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 1000), keypoints=st.integers(0, 300))
def test_bytes_and_back(seed: int, keypoints: int) -> None:
    signature = invented(seed, keypoints)

    again = LocalSignature.from_bytes(signature.to_bytes())

    assert again.to_bytes() == signature.to_bytes()
    assert (again.codes == signature.codes).all()
    assert (again.cells == signature.cells).all()
    assert (again.model, again.width, again.height, again.found) == (1, 256, 192, keypoints)


def test_a_ban_takes_at_most_6_kilobytes() -> None:
    assert len(banned(scene(1)).to_bytes()) <= 6 * 1024
    assert len(invented(1, 200).to_bytes()) == 5_326


@settings(max_examples=60, deadline=None)
@given(data=st.binary(max_size=700))
def test_foreign_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(BadSignature):
        LocalSignature.from_bytes(data)


@pytest.mark.parametrize(
    "damage",
    [
        lambda b: b[:-1],
        lambda b: b + b"\0",
        lambda b: b"XSIG" + b[4:],
        lambda b: b[:4] + b"\x09" + b[5:],
        lambda b: b[:-3] + b"\xff\xff\xff",
        lambda b: b[:6] + b"\0\0" + b[8:],
    ],
    ids=["short", "long", "magic", "format", "word", "width"],
)
def test_damage_is_refused(damage: object) -> None:
    good = invented(2, 40).to_bytes()
    with pytest.raises(BadSignature):
        LocalSignature.from_bytes(damage(good))  # type: ignore[operator]


def test_features_cross_the_wall_of_the_sandbox() -> None:
    one = features(scene(3))

    again = pickle.loads(pickle.dumps(one))

    assert again.signature.to_bytes() == one.signature.to_bytes()
    assert (again.probes == one.probes).all()
    assert len(pickle.dumps(one)) < 200_000
    assert one.raster.dtype == np.uint8
    assert max(one.raster.shape) == 256


def test_extraction_is_deterministic() -> None:
    assert features(scene(4)).signature.to_bytes() == features(scene(4)).signature.to_bytes()


def test_a_poor_ban_says_so() -> None:
    stripes = np.zeros((240, 320, 3), dtype=np.uint8)
    stripes[:, ::16] = 255
    dots = np.full((240, 320, 3), 255, dtype=np.uint8)
    y, x = np.mgrid[0:240, 0:320]
    dots[((x % 32 - 16) ** 2 + (y % 32 - 16) ** 2) < 60] = (200, 30, 30)
    from PIL import Image

    assert "few_keypoints" in warnings(features(flat()).signature)
    assert "uniform" in warnings(features(flat()).signature)
    assert "repeating" in warnings(features(Image.fromarray(dots)).signature)
    assert warnings(features(Image.fromarray(stripes)).signature)
    assert warnings(features(scene(5)).signature) == ()
