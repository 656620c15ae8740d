"""Two moderators on one state: one decides, the other one is told what has changed."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.urls import reverse

from moderation.exceptions import DecisionRefused
from moderation.models import BannedImage, Decision, Upload
from moderation.services.desk import review
from tests.entrypoints.desk import at_the_desk, held_upload, public_upload

pytestmark = pytest.mark.django_db
ACTIONS = ("approve", "reject", "ban")


def _post(name: str, upload: Upload, action: str, page: str, *, who: str, **options: Any) -> Any:
    """Send what a page sends that showed the upload with the status ``page``."""
    fields = {"action": action, "status": page, "seen": review.newest_screening()}
    return at_the_desk("moderator", who).post(reverse(name, args=[upload.pk]), fields, **options)


@pytest.mark.parametrize(("first", "second"), list(product(ACTIONS, ACTIONS)))
def test_of_two_decisions_on_one_state_exactly_one_is_taken(first: str, second: str) -> None:
    upload = held_upload()
    queue = "admin:moderation_review_decide"
    headers = {"X-Requested-With": "fetch"}
    assert _post(queue, upload, first, "held", who="anna", headers=headers).json()["ok"]
    upload.refresh_from_db()
    status, entries = upload.status, BannedImage.objects.count()

    answer = _post(queue, upload, second, "held", who="otto", headers=headers)

    assert answer.status_code == 409
    assert answer.json()["held"] is False
    assert f"it is {status} now" in answer.json()["message"]
    upload.refresh_from_db()
    assert (upload.status, BannedImage.objects.count()) == (status, entries)
    assert Decision.objects.filter(upload_id=upload.pk, kind__in=("approve", "reject")).count() == 1


def test_a_stale_reject_on_an_uploads_own_page_overrules_nobody() -> None:
    upload = held_upload()
    review.approve(upload_id=upload.pk, actor_id="7")

    answer = _post("admin:moderation_upload_decide", upload, "reject", "held", who="otto")

    upload.refresh_from_db()
    assert upload.status == "approved"
    assert "it is approved now" in str(next(iter(get_messages(answer.wsgi_request))))


def test_what_the_page_shows_can_be_rejected() -> None:
    upload = public_upload()

    _post("admin:moderation_upload_decide", upload, "reject", "approved", who="otto")

    upload.refresh_from_db()
    assert upload.status == "rejected"


def test_reject_says_what_it_expected() -> None:
    upload = held_upload()

    with pytest.raises(DecisionRefused, match="it is held now"):
        review.reject(upload_id=upload.pk, actor_id="7", expected="approved")


def test_one_stale_tick_fails_that_upload_and_not_the_others() -> None:
    first, stale, last = held_upload(2, "ada"), held_upload(3, "bob"), held_upload(5, "cleo")
    review.approve(upload_id=stale.pk, actor_id="7")
    fields = {
        "action": "reject",
        "uploads": [first.pk, stale.pk, last.pk],
        "seen": review.newest_screening(),
    }

    answer = at_the_desk("moderator", "otto").post(reverse("admin:moderation_review_several"), fields)

    assert [Upload.objects.get(pk=one.pk).status for one in (first, stale, last)] == [
        "rejected",
        "approved",
        "rejected",
    ]
    said = [str(one) for one in get_messages(answer.wsgi_request)]
    assert said[0].startswith(f"{stale.reference}: ")
    assert set(said[1].removeprefix("Rejected. ").split(", ")) == {first.reference, last.reference}
