"""One button is one decision: what it did is taken back as a whole."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from moderation import api, selectors
from moderation.exceptions import ChangedSinceSeen, DecisionRefused
from moderation.models import Appeal, BanDraft, BannedImage, Decision, Upload
from moderation.services.blocklists import blocklist
from moderation.services.desk import reinstating, review, undo
from tests.entrypoints.desk import at_the_desk, ban, held_upload, public_upload, screened
from tests.pictures import encode, scene

pytestmark = pytest.mark.django_db


def _status(upload: Upload) -> str:
    upload.refresh_from_db()
    return upload.status


def _press(client: Client, upload: Upload, action: str) -> Any:
    fields = {"action": action, "status": upload.status, "seen": review.newest_screening()}
    answer = client.post(
        reverse("admin:moderation_review_decide", args=[upload.pk]),
        fields,
        headers={"X-Requested-With": "fetch"},
    )
    assert answer.json()["ok"], answer.json()
    return answer


def _undo(client: Client, **fields: Any) -> Any:
    return client.post(reverse("admin:moderation_review_undo"), fields, headers={"X-Requested-With": "fetch"})


def _actor(client: Client) -> str:
    return str(client.session["_auth_user_id"])


def _undone_kinds() -> list[str]:
    undone = Decision.objects.exclude(undoes_id=None).values_list("undoes_id", flat=True)
    return sorted(Decision.objects.filter(pk__in=list(undone)).values_list("kind", flat=True))


def test_undoing_reject_and_ban_takes_both_back() -> None:
    upload, client = held_upload(1), at_the_desk("moderator")
    _press(client, upload, "ban")
    entry = BannedImage.objects.latest("pk")
    assert (_status(upload), entry.active) == ("rejected", True)

    answer = _undo(client)

    entry.refresh_from_db()
    assert answer.json()["upload"] == upload.pk
    assert (_status(upload), entry.active) == ("held", False)
    assert _undone_kinds() == ["ban", "reject"]
    assert undo.last_decisions(actor_id=_actor(client)) == []


@pytest.mark.parametrize("half", ["ban", "reject"])
def test_either_half_takes_the_whole_back(half: str) -> None:
    upload, client = held_upload(1), at_the_desk("moderator")
    _press(client, upload, "ban")

    _undo(client, decision=Decision.objects.filter(actor_id=_actor(client)).get(kind=half).pk)

    assert _status(upload) == "held"
    assert _undone_kinds() == ["ban", "reject"]


def test_the_list_of_what_can_be_undone_names_the_whole_once() -> None:
    upload, client = held_upload(1), at_the_desk("moderator")
    _press(client, upload, "ban")

    assert [one.kind for one in undo.last_decisions(actor_id=_actor(client))] == ["ban"]


def test_a_ban_of_a_picture_that_was_rejected_before_is_a_decision_of_its_own() -> None:
    upload, client = held_upload(1), at_the_desk("moderator")
    _press(client, upload, "reject")
    actor = User.objects.get(pk=_actor(client))
    api.ban(encode(scene(9)), actor=actor)

    _undo(client)
    assert _status(upload) == "rejected"
    assert _undone_kinds() == ["ban"]

    _undo(client)
    assert _status(upload) == "held"


def test_what_the_ban_kept_out_meanwhile_comes_back_with_it() -> None:
    upload, client = held_upload(1), at_the_desk("moderator")
    fields = {"action": "ban", "status": "held", "blocklist": selectors.blocklist_named("default").pk}
    client.post(reverse("admin:moderation_review_decide", args=[upload.pk]), fields)
    blocklist.unban(banned_id=BannedImage.objects.get(blocklist__slug="hold").pk)
    victim = screened(encode(scene(1), quality=50), who="bob")
    assert victim.status == "rejected"

    _undo(client)

    assert (_status(upload), _status(victim)) == ("held", "approved")


def test_the_rejection_is_taken_back_where_the_entry_is_retired_already() -> None:
    upload, client = held_upload(1), at_the_desk("moderator")
    _press(client, upload, "ban")
    blocklist.unban(banned_id=BannedImage.objects.latest("pk").pk)

    assert _undo(client).json()["ok"]

    assert _status(upload) == "held"


@pytest.mark.parametrize("since", ["appeal", "colleague"])
def test_nothing_is_half_undone(since: str) -> None:
    upload, client = held_upload(1), at_the_desk("moderator")
    _press(client, upload, "ban")
    if since == "appeal":
        Appeal.objects.create(upload=upload, text="Please")
    else:
        with pytest.raises(ChangedSinceSeen):
            review.approve(upload_id=upload.pk, actor_id="7")
        review.approve(upload_id=upload.pk, actor_id="7")

    answer = _undo(client)

    assert answer.status_code == 409
    assert answer.json()["message"]
    assert BannedImage.objects.latest("pk").active
    assert _undone_kinds() == []


def test_an_undo_is_not_undone() -> None:
    upload, client = held_upload(1), at_the_desk("moderator")
    _press(client, upload, "ban")
    _undo(client)
    retired = Decision.objects.get(kind="retire")

    assert _undo(client).status_code == 409
    assert _undo(client, decision=retired.pk).status_code == 409

    assert not BannedImage.objects.latest("pk").active


def test_who_may_ban_no_more_cannot_take_the_rejection_back_alone() -> None:
    upload, client = held_upload(1), at_the_desk("moderator", "anna")
    _press(client, upload, "ban")
    anna = User.objects.get(username="anna")
    anna.groups.clear()
    anna.user_permissions.set(Permission.objects.filter(codename__in=("decide_upload", "view_upload")))

    answer = _undo(client, decision=Decision.objects.get(kind="reject", actor_id=str(anna.pk)).pk)

    assert answer.status_code == 409
    assert _status(upload) == "rejected"


def test_a_public_upload_that_was_rejected_with_its_ban_is_public_again() -> None:
    upload, client = public_upload(4), at_the_desk("moderator")
    page = client.post(
        reverse("admin:moderation_bannedimage_add"),
        {"uploads": [upload.pk], "blocklist": ban(9).blocklist_id, "reject_too": "on", "reason": "test"},
    )
    assert page.status_code == 302, page.content
    draft = BanDraft.objects.get()
    assert draft.reject_too
    client.post(reverse("admin:moderation_ban_reach", args=[draft.batch]))
    assert _status(upload) == "rejected"

    assert _undo(client).json()["ok"]

    assert _status(upload) == "approved"
    assert upload.published
    assert not BannedImage.objects.latest("pk").active


def test_an_entry_is_banned_again_once_and_names_no_near_one() -> None:
    entry = ban(4)
    blocklist.unban(banned_id=entry.pk)

    again = reinstating.reinstate(banned_id=entry.pk, actor_id="7")

    assert again.nearest_id is None
    with pytest.raises(DecisionRefused, match="banned again already"):
        reinstating.reinstate(banned_id=entry.pk, actor_id="7")
    blocklist.unban(banned_id=again.pk)
    assert reinstating.reinstate(banned_id=entry.pk, actor_id="7").active
