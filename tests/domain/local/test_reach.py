"""A new ban finds earlier uploads by what was stored of them."""

from __future__ import annotations

import time

import pytest
from PIL import ImageOps

from moderation.domain.local.features import STORED_KEYPOINTS
from moderation.domain.local.reach import reached
from moderation.domain.local.signature import LocalSignature
from tests.domain.local.pictures_local import banned, features, invented
from tests.pictures import scene


@pytest.fixture(scope="module")
def stored() -> dict[int, bytes]:
    uploads = {seed: features(scene(seed)) for seed in range(300, 330)}
    copy = scene(1).crop((30, 20, 400, 300))
    uploads |= {1: features(copy), 2: features(ImageOps.mirror(copy)), 3: features(copy.rotate(8))}
    return {number: one.signature.strongest(STORED_KEYPOINTS).to_bytes() for number, one in uploads.items()}


def test_copies_are_reached_and_others_are_not(stored: dict[int, bytes]) -> None:
    uploads = ((number, LocalSignature.from_bytes(data)) for number, data in stored.items())

    found = {one.upload: one.inliers for one in reached(banned(scene(1)), uploads)}

    assert set(found) == {1, 2, 3}
    assert min(found.values()) >= 20


def test_signatures_of_another_model_are_passed_over() -> None:
    from dataclasses import replace

    other = replace(features(scene(1)).signature, model=2)
    crowd = [(1, other)] * 500
    assert list(reached(banned(scene(1)), crowd)) == []
    copy = features(scene(1)).signature
    assert [one.upload for one in reached(banned(scene(1)), [*crowd, (2, copy)])] == [2]


def test_unrelated_uploads_go_by_quickly() -> None:
    crowd = [(number, invented(number % 50, 300)) for number in range(2_000)]
    ban = banned(scene(1))
    started = time.process_time()

    assert list(reached(ban, crowd)) == []

    assert time.process_time() - started < 4  # 60 s for 100,000 would be 1.2
