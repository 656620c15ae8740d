"""Hashes go in and out as imagehash writes them: a site that used it before brings its own list along."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path

import imagehash
import numpy as np
import pytest
from PIL import Image

from moderation import api, selectors
from moderation.exceptions import ImageRefused, UnknownAlgorithm
from moderation.models import Upload
from moderation.services.blocklists.exports import export
from moderation.services.blocklists.imports import import_file
from tests import pictures
from tests.services.people import member, send

pytestmark = pytest.mark.django_db(transaction=True)

PICTURE = pictures.scene(91, (240, 200))
RECIPES: dict[str, Callable[[Image.Image], imagehash.ImageHash]] = {
    "dhash256": lambda picture: imagehash.dhash(picture, 16),
    "phash256": lambda picture: imagehash.phash(picture, 16),
    "ahash64": imagehash.average_hash,
    "dhash64": imagehash.dhash,
    "phash64": imagehash.phash,
    "whash64": imagehash.whash,
}


@pytest.mark.parametrize("name", RECIPES)
def test_a_fingerprint_is_read_by_imagehash(name: str) -> None:
    ours = api.fingerprint(pictures.encode(PICTURE, "PNG"), name)

    assert list(ours) == [f"{name}/1"]
    theirs = RECIPES[name](PICTURE)
    # Within rounding: a picture is reduced in two steps here, in one there.
    assert imagehash.hex_to_hash(ours[f"{name}/1"]) - theirs <= (4 if theirs.hash.size == 256 else 2)


def test_without_names_it_gives_what_the_site_searches_for() -> None:
    assert set(api.fingerprint(pictures.encode(PICTURE))) == {"dhash256/1", "phash256/1"}


def test_a_flat_picture_has_none() -> None:
    assert api.fingerprint(pictures.encode(pictures.flat((0, 0, 90)))) == {}


def test_what_is_no_picture_is_refused() -> None:
    with pytest.raises(ImageRefused):
        api.fingerprint(b"no picture")


@pytest.mark.parametrize("name", ["colorhash", "dhash256/9"])
def test_an_unknown_algorithm_is_refused(name: str) -> None:
    with pytest.raises(UnknownAlgorithm):
        api.fingerprint(pictures.encode(PICTURE), name)


def test_a_list_of_imagehash_finds_copies(tmp_path: Path) -> None:
    file = tmp_path / "hashes.csv"
    file.write_text(f"algorithm,hash\ndhash256,{imagehash.dhash(PICTURE, 16)}\n")

    import_file(path=file, blocklist=selectors.blocklist_named("default"))

    # A hash brings no picture along whose pixels could agree: a moderator decides.
    assert send(pictures.encode(PICTURE, "JPEG"), who=member()).status == Upload.Status.HELD


def test_an_export_is_read_by_imagehash() -> None:
    api.ban(pictures.encode(PICTURE, "PNG"))
    stream = io.StringIO()

    export(stream=stream, json_lines=False, algorithms=["dhash256"])

    codes = [imagehash.hex_to_hash(row["hash"]) for row in csv.DictReader(io.StringIO(stream.getvalue()))]
    assert min(code - imagehash.dhash(PICTURE, 16) for code in codes) <= 4
    assert all(np.shape(code.hash) == (16, 16) for code in codes)
