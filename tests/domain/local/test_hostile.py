"""Pictures made to hurt stay within the budget and within a second or two."""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from moderation.domain.analysis import AnalysisOptions
from moderation.domain.local.budget import LocalBudget
from moderation.domain.local.features import UPLOAD_KEYPOINTS, extract
from moderation.domain.local.index import LocalIndex
from moderation.domain.local.recognise import recognise
from moderation.domain.local.signature import LocalSignature
from moderation.domain.local.wire import features_from_bytes
from moderation.domain.sandbox import Sandbox, SandboxLimits
from tests.domain.local.pictures_local import Bans, banned, features, invented
from tests.pictures import encode, scene

Y, X = np.mgrid[0:300, 0:300]
SPOT = (((X % 25 - 12) ** 2 + (Y % 25 - 12) ** 2) < 30) * 255


def noise(*shape: int) -> NDArray[np.uint8]:
    return np.random.default_rng(1).integers(0, 256, shape, dtype=np.uint8)


HOSTILE: dict[str, NDArray[np.uint8]] = {
    "noise": noise(300, 300, 3),
    "coarse noise": np.kron(noise(60, 60), np.ones((5, 5), dtype=np.uint8)),
    "one spot repeated": SPOT.astype(np.uint8),
    "stripes": ((X // 4 % 2) * 255).astype(np.uint8),
    "checkerboard": (((X // 6 + Y // 6) % 2) * 255).astype(np.uint8),
    "1 px high": noise(1, 4000),
    "1 px wide": noise(4000, 1, 3),
    "1 px": noise(1, 1),
    "black": np.zeros((200, 300, 3), dtype=np.uint8),
    "white": np.full((300, 20), 255, dtype=np.uint8),
}


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(SandboxLimits(workers=1)) as box:
        yield box


@pytest.fixture(scope="module")
def bans() -> Bans:
    signatures = {
        number: extract(pixels).signature.strongest(200) for number, pixels in enumerate(HOSTILE.values(), 1)
    }
    return Bans(signatures | {100 + seed: banned(scene(seed)) for seed in range(20)})


@pytest.mark.parametrize("name", HOSTILE)
def test_within_caps_and_deadline(bans: Bans, name: str) -> None:
    budget = LocalBudget()
    started = time.process_time()

    found = extract(HOSTILE[name])
    result = recognise([found], bans.index, bans.load)

    assert time.process_time() - started < 3
    assert len(found.signature) <= UPLOAD_KEYPOINTS
    assert len(found.row_codes) <= budget.rows
    assert result.checks <= budget.checks
    assert result.verified <= budget.verified * budget.rounds
    assert not {hit.item for hit in result.hits} & set(range(100, 120))


@pytest.mark.parametrize(
    "pixels",
    [
        np.zeros((0, 5), np.uint8),
        np.zeros((5, 5), np.float32),
        np.zeros(5, np.uint8),
        np.zeros((2, 2, 2, 2), np.uint8),
    ],
)
def test_what_is_no_picture_is_refused(pixels: NDArray[np.uint8]) -> None:
    with pytest.raises(ValueError, match="uint8"):
        extract(pixels)


@pytest.mark.parametrize(
    "name", ["noise", "coarse noise", "one spot repeated", "checkerboard", "few keypoints"]
)
def test_ten_thousand_equal_bans_of_what_hurts(name: str) -> None:
    """Time and memory; a picture with few keypoints may look into more cells each, and no more in all."""
    blurred = np.asarray(scene(1).filter(ImageFilter.GaussianBlur(8)))
    found = extract(HOSTILE.get(name, blurred))
    one = found.signature.strongest(200)
    index = LocalIndex.build((one, item) for item in range(1, 10_001))
    budget = LocalBudget()
    assert len(one) >= 20
    assert (len(found.row_codes) < budget.few_rows) == (name == "few keypoints")

    tracemalloc.start()
    started = time.process_time()
    try:
        result = recognise([found], index, lambda items: dict.fromkeys(items, one))
        took, (_, peak) = time.process_time() - started, tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert took < 2
    assert peak < 200_000_000
    assert result.checks <= budget.checks
    assert result.verified <= budget.verified * budget.rounds
    assert {"local_cell_rows", "local_checks"} & set(result.notes)
    assert result.hits


@pytest.mark.parametrize("name", HOSTILE)
def test_through_the_sandbox_within_its_limits(name: str, sandbox: Sandbox) -> None:
    """In a size that hurts, with the memory and the deadline that a picture has by default."""
    pixels = HOSTILE[name]
    times = max(1, 2000 // max(pixels.shape))
    large = np.kron(pixels, np.ones((times, times, 1)[: pixels.ndim], dtype=np.uint8))

    analysis = sandbox.analyse(encode(Image.fromarray(large), "PNG"), AnalysisOptions(want_local=True))

    assert analysis.local
    for one in map(features_from_bytes, analysis.local):
        assert len(one.signature) <= UPLOAD_KEYPOINTS
        assert len(one.row_codes) <= LocalBudget().rows


def test_ten_thousand_equal_bans() -> None:
    one = banned(scene(1))
    index = LocalIndex.build((one, item) for item in range(1, 10_001))
    index.add(banned(scene(2)), 20_000)
    signatures = {20_000: banned(scene(2))}
    budget = LocalBudget()

    def load(items: object) -> dict[int, LocalSignature]:
        return {item: signatures.get(item, one) for item in items}  # type: ignore[attr-defined]

    started = time.process_time()
    equal = recognise([features(scene(1))], index, load)
    other = recognise([features(scene(2))], index, load)

    assert time.process_time() - started < 6
    assert max(equal.checks, other.checks) <= budget.checks
    assert {"local_cell_rows", "local_checks"} & set(equal.notes)
    assert equal.hits
    assert [hit.item for hit in other.hits] == [20_000]


def test_one_keypoint_repeated_gathers_no_votes(bans: Bans) -> None:
    base = invented(3, 200)
    flood = replace(
        base,
        codes=np.repeat(banned(scene(5)).codes[:1], 200, axis=0),
        words=np.repeat(banned(scene(5)).words[:1], 200, axis=0),
    )
    flooded = Bans({**bans.signatures, 999: flood})

    assert flooded.found(scene(5)) == [105]


def test_a_machine_under_load_exceeds_the_time_limit(bans: Bans) -> None:
    result = recognise([features(scene(5))], bans.index, bans.load, budget=LocalBudget(milliseconds=0))

    assert "local_time" in result.notes
    assert result.hits == ()


def test_every_cap_that_binds_is_named(bans: Bans) -> None:
    tight = LocalBudget(checks=200, neighbours=1, matches=20)

    result = recognise([features(scene(5))], bans.index, bans.load, budget=tight)

    assert "local_checks" in result.notes
    assert result.checks <= 200
