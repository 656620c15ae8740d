"""The time limit of the second tier: what was not searched is not let through."""

from __future__ import annotations

import pytest

from moderation import api
from moderation.domain.local import recognise
from moderation.domain.local.budget import LocalBudget
from moderation.models import Screening
from moderation.services.blocklists import banning
from moderation.services.blocklists.enrolment import picture_from_bytes
from tests import pictures
from tests.services.people import kept_files, member, send

pytest.importorskip("cv2", reason="the extra `local` (OpenCV) is not installed")
pytestmark = pytest.mark.django_db(transaction=True)

INNOCENT = pictures.encode(pictures.scene(41))


@pytest.fixture(autouse=True)
def _pulled_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    api.ban(pictures.encode(pictures.scene(31, (640, 480))))
    monkeypatch.setattr(recognise, "LocalBudget", lambda: LocalBudget(milliseconds=0))


def test_what_was_not_searched_is_held_and_says_why() -> None:
    upload = send(INNOCENT, who=member())

    assert (upload.status, upload.reason, kept_files("moderation_public")) == ("held", "search_cut_off", [])
    screening = Screening.objects.get(upload_id=upload.pk)
    assert (screening.verdict, screening.notes) == ("hold", "local_time")


def test_an_exact_copy_of_an_allowed_picture_passes() -> None:
    banning.allow(picture=picture_from_bytes(INNOCENT))

    upload = send(INNOCENT, who=member())

    assert (upload.status, upload.reason) == ("approved", "allowlisted")
