"""What a member is told is so: published only where it is."""

from __future__ import annotations

import pytest

from moderation import api
from moderation.models import BannedImage, Notice, Upload
from moderation.services.desk import overturn, review
from moderation.services.desk.overturn import Plan
from tests.entrypoints.desk import ban, holding_list, screened
from tests.pictures import encode, scene
from tests.services.people import member

pytestmark = pytest.mark.django_db(transaction=True)
PUBLISHED = "Your picture is published."
NOT_SHOWN = "This picture is allowed. It is not shown, since you removed it or a newer one took its place."


def _held(seed: int = 2) -> Upload:
    holding_list()
    ban(seed, "hold")
    return screened(encode(scene(seed), quality=60), who="ada")


def _rejected(seed: int = 3) -> Upload:
    ban(seed)
    return screened(encode(scene(seed), quality=60), who="ada")


def _newest(upload: Upload) -> tuple[str, str]:
    notice = Notice.objects.filter(upload=upload).latest("pk")
    return notice.kind, notice.message


def test_an_approved_picture_that_is_shown_is_published() -> None:
    held = _held()
    review.approve(upload_id=held.pk, actor_id="7")

    assert _newest(held) == ("approved", PUBLISHED)


def test_an_older_picture_that_is_approved_after_a_newer_one_is_not_published() -> None:
    held = _held()
    newer = screened(encode(scene(40)), who="ada")
    assert newer.status == "approved"

    review.approve(upload_id=held.pk, actor_id="7")

    assert _newest(held) == ("approved", NOT_SHOWN)
    status = api.upload_status(held.reference, owner=member("ada").user)
    assert status is not None
    assert (status.url, status.message) == (None, NOT_SHOWN)


def test_nor_is_one_that_its_owner_took_away() -> None:
    held = _held()
    api.withdraw(member("ada"), "avatar")
    status = api.upload_status(held.reference, owner=member("ada").user)
    assert status is not None
    assert status.message == "This picture is not looked at any more: you removed it, or sent a newer one."

    review.approve(upload_id=held.pk, actor_id="7")

    assert _newest(held) == ("approved", NOT_SHOWN)


def test_an_appeal_that_is_granted_after_a_newer_picture_came_publishes_nothing() -> None:
    rejected = _rejected()
    appeal = review.ask_for_review(upload=rejected, text="I drew this.")
    newer = screened(encode(scene(40)), who="ada")

    review.answer_appeal(appeal_id=appeal.pk, actor_id="7", grant=True)

    assert _newest(rejected) == ("appeal_granted", NOT_SHOWN)
    profile = member("ada")
    assert profile.avatar.name == Upload.objects.get(pk=newer.pk).published


def test_what_an_overturned_ban_gives_back_is_not_called_back_where_it_is_not_shown() -> None:
    rejected = _rejected()
    entry = BannedImage.objects.get()
    api.withdraw(member("ada"), "avatar")

    overturn.overturn(banned_id=entry.pk, actor_id="", plan=Plan(remedy="retire", restore=[rejected.pk]))

    assert _newest(rejected) == ("approved", NOT_SHOWN)
