"""What a sample can and cannot show."""

from __future__ import annotations

import numpy as np
import pytest

from moderation.domain.algorithms import ALGORITHMS, LIST_SIZES, radii_for
from moderation.domain.fingerprints import hamming
from moderation.domain.radii import NEVER, Band
from moderation.exceptions import UnknownAlgorithm
from moderation.lab.calibration import (
    PairDistances,
    advise,
    compare,
    smallest_showable,
    upper_bound,
)
from tests.domain.drawn import analysed, distance, file_of, waves


def sample(pictures: int, near: dict[int, int] | None = None) -> PairDistances:
    """Return distances of which ``near`` says the unordered pairs by distance; all others lie at 120."""
    histogram = np.zeros(257, np.int64)
    histogram[120] = pictures * (pictures - 1)
    for bits, pairs in (near or {}).items():
        histogram[bits] += 2 * pairs
        histogram[120] -= 2 * pairs
    return PairDistances("dhash256", histogram, (), pictures, 3.0)


def test_no_event_is_the_rule_of_three() -> None:
    assert upper_bound(0, 1_000) == pytest.approx(3 / 1_000, rel=0.01)
    assert smallest_showable(831) == pytest.approx(3 / (831 * 830 / 2), rel=0.01)


@pytest.mark.parametrize(
    ("events", "trials", "bound"), [(1, 100, 0.04656), (5, 100, 0.10225), (50, 100, 0.58638)]
)
def test_bounds_are_those_of_clopper_and_pearson(events: int, trials: int, bound: float) -> None:
    """Against the quantiles of the beta distribution."""
    assert upper_bound(events, trials) == pytest.approx(bound, abs=2e-5)


def test_nothing_tried_and_everything_hit_show_nothing() -> None:
    assert upper_bound(0, 0) == 1.0
    assert upper_bound(9, 9) == 1.0


def test_a_large_sample_supports_a_radius_below_its_first_false_pair() -> None:
    advice = advise(sample(3_000, {40: 2_000}), entries=300, target=0.001)
    assert advice.radius == 39
    assert advice.expected == 0
    assert 0 < advice.bound <= 0.001


def test_a_longer_list_gets_a_smaller_radius() -> None:
    found = sample(20_000, {30: 10, 45: 5_000})
    radii = [advise(found, entries=entries, target=0.01).radius for entries in (300, 10_000, 100_000)]
    assert radii == sorted(radii, reverse=True)
    assert radii[0] > radii[-1]


def test_a_sample_that_is_too_small_refuses_and_says_what_it_would_take() -> None:
    advice = advise(sample(831), entries=1_000_000, target=0.01)
    assert advice.radius == NEVER
    assert "831 pictures cannot show less than" in advice.refusal
    needed = int(advice.refusal.split(";")[1].split()[0].replace(",", ""))
    assert advise(sample(needed + 1), entries=1_000_000, target=0.01).radius >= 0
    assert advise(sample(831), entries=300, target=0.01).radius >= 20


def test_every_picture_is_compared_with_every_other_as_upload_and_as_ban() -> None:
    analyses = {str(seed): analysed(file_of(waves(seed))) for seed in range(5)}
    found = compare(analyses, "dhash256")
    expected = sorted(
        distance(upload, ban, "dhash256")
        for a, upload in analyses.items()
        for b, ban in analyses.items()
        if a != b
    )
    assert found.pairs == 20
    assert np.flatnonzero(found.histogram).tolist() == sorted(set(expected))
    assert found.nearest[0][0] == expected[0]
    assert found.queries >= 2


def test_flat_pictures_are_left_out() -> None:
    from PIL import Image

    analyses = {
        "a": analysed(file_of(waves(1))),
        "flat": analysed(file_of(Image.new("RGB", (90, 90), "red"))),
    }
    assert compare(analyses, "dhash256").pictures == 1
    assert compare({}, "phash256").pairs == 0


def test_default_radii_keep_the_measured_maxima_and_tighten_with_the_list() -> None:
    for name, most in {"dhash256": 38, "phash256": 49, "pdq": 55}.items():
        assert radii_for(name, 300).hold <= most
        holds = [radii_for(name, size).hold for size in LIST_SIZES]
        blocks = [radii_for(name, size).block for size in LIST_SIZES]
        assert holds == sorted(holds, reverse=True)
        assert blocks == sorted(blocks, reverse=True)
        assert radii_for(f"{name}/1", 301) == radii_for(name, 10_000)


def test_64_bits_never_block_by_default() -> None:
    for name in ALGORITHMS:
        if name.endswith("64"):
            assert radii_for(name, 300).block == NEVER
    with pytest.raises(UnknownAlgorithm):
        radii_for("md5", 300)
    with pytest.raises(ValueError, match="block <= hold"):
        Band(9, 8)


def test_hamming_is_what_the_histogram_counts() -> None:
    assert hamming(b"\x00" * 32, b"\xff" * 32) == 256
