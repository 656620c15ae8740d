"""Who may only ban lets nothing pass, and nobody decides about an upload of their own."""

from __future__ import annotations

import pytest
from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse

from moderation.exceptions import DecisionRefused
from moderation.models import BanDraft, BannedImage, Blocklist, Upload
from moderation.services.desk import overturn, review
from moderation.services.desk.overturn import Plan
from tests.entrypoints.desk import at_the_desk, held_upload, rejected_upload
from tests.services.people import member

pytestmark = pytest.mark.django_db
ADD = "admin:moderation_bannedimage_add"


def _allowlist() -> Blocklist:
    return Blocklist.objects.get(slug="allowlist")


def _draft(client: Client, upload: Upload) -> BanDraft | None:
    client.post(reverse(ADD), {"blocklist": _allowlist().pk, "uploads": [upload.pk]})
    return BanDraft.objects.filter(upload=upload).first()


def test_a_moderator_is_offered_no_list_that_allows() -> None:
    page = at_the_desk("moderator").get(reverse(ADD))

    assert _allowlist() not in page.context["form"].fields["blocklist"].queryset


def test_a_moderator_cannot_name_a_list_that_allows() -> None:
    upload = rejected_upload()

    assert _draft(at_the_desk("moderator"), upload) is None
    assert not BannedImage.objects.filter(blocklist=_allowlist()).exists()


def test_a_moderator_cannot_confirm_what_a_senior_began() -> None:
    draft = _draft(at_the_desk("senior"), rejected_upload())
    assert draft is not None
    moderator = at_the_desk("moderator")

    answers = [
        moderator.post(reverse("admin:moderation_ban_draft", args=[draft.pk]), {"action": "confirm"}),
        moderator.post(reverse("admin:moderation_ban_reach", args=[draft.batch])),
    ]

    for answer in answers:
        assert "You may not put pictures" in str(next(iter(get_messages(answer.wsgi_request))))
    assert not BannedImage.objects.filter(blocklist=_allowlist()).exists()


def test_a_senior_moderator_can() -> None:
    senior = at_the_desk("senior")
    draft = _draft(senior, rejected_upload())
    assert draft is not None

    senior.post(reverse("admin:moderation_ban_reach", args=[draft.batch]))

    assert BannedImage.objects.filter(blocklist=_allowlist()).count() == 1


def test_nobody_approves_an_upload_of_their_own() -> None:
    upload = held_upload(2, "ada")
    own = str(member("ada").user.pk)

    with pytest.raises(DecisionRefused, match="your own upload"):
        review.approve(upload_id=upload.pk, actor_id=own)

    assert review.approve(upload_id=upload.pk, actor_id=own + "0").status == "approved"


def test_nobody_grants_an_appeal_of_their_own() -> None:
    upload = rejected_upload(3, "bob")
    appeal = review.ask_for_review(upload=upload, text="It is mine.")

    with pytest.raises(DecisionRefused, match="your own upload"):
        review.answer_appeal(appeal_id=appeal.pk, actor_id=str(member("bob").user.pk), grant=True)

    upload.refresh_from_db()
    assert upload.status == "rejected"


def test_nobody_restores_or_allows_a_picture_of_their_own() -> None:
    upload = rejected_upload(3, "bob")
    banned, own = BannedImage.objects.latest("pk"), str(member("bob").user.pk)

    with pytest.raises(DecisionRefused, match="your own upload"):
        overturn.overturn(banned_id=banned.pk, actor_id=own, plan=Plan(remedy="keep", allow_upload=upload.pk))
    done = overturn.overturn(
        banned_id=banned.pk, actor_id=own, plan=Plan(remedy="retire", restore=[upload.pk])
    )

    assert (done.restored, done.left) == ((), (upload.pk,))
    upload.refresh_from_db()
    assert upload.status == "rejected"
