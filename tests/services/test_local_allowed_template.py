"""A banned picture set into a picture that is allowed in many variants, like a site's own placeholder."""

from __future__ import annotations

import pytest
from PIL import Image

from moderation import api, selectors
from moderation.services.blocklists import banning, enrolment
from tests import pictures
from tests.services.people import member, send

pytest.importorskip("cv2", reason="the extra `local` (OpenCV) is not installed")
pytestmark = pytest.mark.django_db(transaction=True)

TEMPLATE = pictures.scene(700, (480, 400))


def variant(seed: int) -> Image.Image:
    page = TEMPLATE.copy()
    page.paste(pictures.scene(800 + seed, (60, 50)), (10, 10))
    return page


def test_a_crowd_of_allowed_entries_hides_no_banned_one() -> None:
    allowed = selectors.blocklist_named("allowlist")
    for seed in range(12):
        picture = enrolment.picture_from_bytes(pictures.encode(variant(seed)))
        banning.allow(picture=picture, blocklist=allowed)
    api.ban(pictures.encode(pictures.scene(3)))
    page = TEMPLATE.copy()
    page.paste(pictures.scene(3).resize((150, 125)), (330, 275))

    assert send(pictures.encode(page), who=member("mallory")).status == "held"
