"""A rescan's face: its numbers for the page, and a way to stop it."""

from __future__ import annotations

import pytest
from django.urls import reverse

from moderation.models import Rescan
from tests.entrypoints.desk import at_the_desk, ban

pytestmark = pytest.mark.django_db


@pytest.fixture
def rescan() -> Rescan:
    return Rescan.objects.get(banned=ban(1), kind="reach")


@pytest.mark.parametrize("role", ["auditor", "moderator", "senior"])
def test_its_numbers_are_read_by_the_page(role: str, rescan: Rescan) -> None:
    answer = at_the_desk(role).get(reverse("admin:moderation_rescan_state", args=[rescan.pk]))
    assert answer.json()["status"] == "open"
    assert answer.json()["taken_down"] == 0


@pytest.mark.parametrize(
    ("role", "status"), [("uploader", "open"), ("moderator", "open"), ("senior", "cancelled")]
)
def test_it_is_stopped_by_a_senior_moderator(role: str, status: str, rescan: Rescan) -> None:
    at_the_desk(role).post(reverse("admin:moderation_rescan_cancel", args=[rescan.pk]))
    rescan.refresh_from_db()
    assert rescan.status == status


def test_the_entrys_page_shows_it(rescan: Rescan) -> None:
    url = reverse("admin:moderation_bannedimage_change", args=[rescan.banned_id])
    page = at_the_desk("senior").get(url)
    assert page.context["running"] == [rescan]
    assert b"data-open" in page.content
