"""The model file: golden values, and the symmetries that spare a second extraction."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from PIL import ImageOps

from moderation.domain.local.descriptors import MIRROR, MIRRORED, NEGATED, NEGATIVE, PERMUTATIONS, seen
from moderation.domain.local.model import BadModel, Model, current
from tests.domain.local.pictures_local import features
from tests.pictures import scene


def test_the_file_is_the_one_that_was_trained() -> None:
    digest = hashlib.sha256(current().to_bytes()).hexdigest()
    assert digest == "855600695200200ab8101b49ab8b23b1ee69905a4e9d6c4c1811f2ff7f55b252"


def test_a_damaged_file_is_refused() -> None:
    content = bytearray(current().to_bytes())
    content[1000] ^= 1
    with pytest.raises(BadModel):
        Model.from_bytes(bytes(content))


def test_mirror_and_negative_form_a_group() -> None:
    one = np.arange(128)
    assert (MIRROR[MIRROR] == one).all()
    assert (NEGATIVE[NEGATIVE] == one).all()
    assert (MIRROR[NEGATIVE] == NEGATIVE[MIRROR]).all()


@pytest.mark.parametrize("view", range(4))
def test_every_view_of_a_descriptor_has_the_same_canonical_form(view: int) -> None:
    descriptors = np.random.default_rng(7).integers(0, 120, (500, 128), dtype=np.uint8)
    other = descriptors[:, PERMUTATIONS[view]]
    model = current()

    views, _ = model.read(descriptors)
    other_views, _ = model.read(other)

    decided = (descriptors.astype(np.int64) @ model.orientation != 0).all(axis=1)
    assert (views ^ other_views == view)[decided].all()
    assert (seen(descriptors, views) == seen(other, other_views))[decided].all()


@pytest.mark.parametrize(("view", "change"), [(MIRRORED, ImageOps.mirror), (NEGATED, ImageOps.invert)])
def test_a_mirrored_or_negated_picture_has_the_same_codes(view: int, change: object) -> None:
    picture = scene(8, (256, 200))
    plain, changed = features(picture), features(change(picture))  # type: ignore[operator]

    known = {code.tobytes(): int(v) for code, v in zip(plain.row_codes, plain.row_views, strict=True)}
    relations = [
        known[code.tobytes()] ^ int(v)
        for code, v in zip(changed.row_codes, changed.row_views, strict=True)
        if code.tobytes() in known
    ]

    assert len(relations) > 20
    assert np.bincount(relations, minlength=4).argmax() == view


def test_probes_begin_with_the_own_cell() -> None:
    one = features(scene(9))
    assert (one.probes[: len(one.signature), 0] == one.signature.cells).all()


def test_codes_do_not_depend_on_the_order_of_summation() -> None:
    model = current()
    descriptors = np.random.default_rng(1).integers(0, 256, (50, 128), dtype=np.uint8)
    exact = descriptors.astype(np.int64) @ model.projection.astype(np.int64) > model.thresholds
    assert (model.codes(descriptors) == np.packbits(exact, axis=1)).all()
