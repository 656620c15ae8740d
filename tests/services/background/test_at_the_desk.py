"""What an approval has taught is said where it was made, and its evidence stays what it was."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import numpy as np
import pytest
from django.test import Client
from django.urls import reverse
from PIL import Image

from moderation.models import BannedImage, Decision, LearnedBackground, Match, Upload
from moderation.services.blocklists import background
from tests.entrypoints.desk import ban, held_upload, screened
from tests.pictures import encode, scene
from tests.services.background.walls import approve, status_of

pytest.importorskip("cv2", reason="the extra `local` (OpenCV) is not installed")
pytestmark = pytest.mark.django_db(transaction=True)


def _overlay(client: Client, match: Match) -> Any:
    return client.get(reverse("moderation:overlay-picture", args=[match.pk]))


def _green(png: bytes) -> int:
    """Return the number of pixels that are much greener than red and blue: agreeing tiles."""
    with Image.open(BytesIO(png)) as picture:
        rgb = np.asarray(picture.convert("RGB"), dtype=np.int16)
    return int(((rgb[..., 1] - rgb[..., 0] > 30) & (rgb[..., 1] - rgb[..., 2] > 10)).sum())


def test_the_queue_says_what_was_learned_and_takes_it_back(
    entry: BannedImage, innocent: Upload, admin_client: Client
) -> None:
    answer = admin_client.post(
        reverse("admin:moderation_review_decide", args=[innocent.pk]),
        {"action": "approve", "status": "held"},
        headers={"X-Requested-With": "fetch"},
    ).json()

    decision = Decision.objects.latest("pk")
    tiles = background.taught(decision.pk)[entry.pk]
    assert tiles >= 20
    assert answer["message"] == f"Approved. Entry #{entry.pk} learned {tiles} tiles."
    assert answer["undo"] == decision.pk
    undone = admin_client.post(
        reverse("admin:moderation_review_undo"),
        {"decision": answer["undo"]},
        headers={"X-Requested-With": "fetch"},
    ).json()
    assert undone["ok"]
    assert status_of(innocent) == "held"
    assert not LearnedBackground.objects.exists()


def test_grid_and_upload_page_say_it_and_lead_to_the_undo(
    entry: BannedImage, innocent: Upload, admin_client: Client
) -> None:
    grid = reverse("admin:moderation_review")
    said = admin_client.post(
        reverse("admin:moderation_review_several"),
        {"action": "approve", "uploads": [innocent.pk], "next": grid},
        follow=True,
    )
    assert f"Entry #{entry.pk} learned" in said.content.decode()
    assert f'<a href="{grid}#mod-undo">Undo</a>' in said.content.decode()
    assert 'id="mod-undo"' in said.content.decode()
    admin_client.post(reverse("admin:moderation_review_undo"))

    page = admin_client.post(
        reverse("admin:moderation_upload_decide", args=[innocent.pk]),
        {"action": "approve", "status": "held"},
        follow=True,
    )
    assert f"Entry #{entry.pk} learned" in page.content.decode()


def test_an_approval_that_taught_nothing_says_no_more_than_that(admin_client: Client) -> None:

    held = held_upload()
    answer = admin_client.post(
        reverse("admin:moderation_review_decide", args=[held.pk]),
        {"action": "approve", "status": "held"},
        headers={"X-Requested-With": "fetch"},
    ).json()

    assert (answer["message"], answer["undo"]) == ("Approved.", None)


def test_the_overlay_shows_what_the_screening_found_whatever_was_learned_since(
    innocent: Upload, admin_client: Client
) -> None:
    match = Match.objects.filter(screening__upload_id=innocent.pk).latest("pk")
    before = _overlay(admin_client, match)
    assert _green(before.content) > 10_000

    approve(innocent)

    after = _overlay(admin_client, match)
    assert after.status_code == 200
    assert after.content == before.content


def test_a_match_without_evidence_of_tiles_has_no_overlay(admin_client: Client) -> None:

    ban(3)
    copy = screened(encode(scene(3)), who="bob")
    match = Match.objects.filter(screening__upload_id=copy.pk, method="sha256").first()
    assert match is not None
    assert "seen" not in match.details
    assert _overlay(admin_client, match).status_code == 404
