"""A ban before a wall, and an innocent picture before the same wall."""

from __future__ import annotations

import pytest

from moderation import api
from moderation.models import BannedImage, Match, Upload
from tests import pictures
from tests.services.background.walls import before_wall, configure, upload_of


@pytest.fixture(autouse=True)
def _only_the_second_tier() -> None:
    """Switch fingerprints off: the wall takes up so much that they are near, too."""
    configure(radii={"dhash256": [None, 0], "phash256": [None, 0]})


@pytest.fixture
def entry() -> BannedImage:
    """Return an entry banned before the wall."""
    return api.ban(pictures.encode(before_wall(1))).banned


@pytest.fixture
def innocent(entry: BannedImage) -> Upload:
    """Return another picture before the same wall: held, since nothing but a person can tell."""
    upload = upload_of(before_wall(50), "ada")
    assert upload.status == "held"
    assert set(Match.objects.values_list("method", flat=True)) == {"local/1"}
    return upload
