"""The review queue: claims, decisions, undo, preference."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django.asserts import assertNumQueries

from moderation import api
from moderation.models import BannedImage, Claim, Decision, DeskPreference, Upload
from moderation.services.desk import undo
from tests.entrypoints.desk import at_the_desk, ban, held_upload, public_upload, screened
from tests.pictures import encode, scene

pytestmark = pytest.mark.django_db
NEXT = "admin:moderation_review_next"


def _next(client: Client, **fields: Any) -> Any:
    answer = client.post(reverse(NEXT), fields, headers={"X-Requested-With": "fetch"})
    return answer.json()


def _decide(client: Client, upload: Upload, action: str, **fields: Any) -> Any:
    url = reverse("admin:moderation_review_decide", args=[upload.pk])
    return client.post(url, {"action": action, **fields}, headers={"X-Requested-With": "fetch"})


def _status(upload: Upload) -> str:
    upload.refresh_from_db()
    return upload.status


def test_two_moderators_never_get_the_same_upload() -> None:
    first, second = held_upload(1, "ada"), held_upload(2, "bob")
    anna, otto = at_the_desk("moderator", "anna"), at_the_desk("moderator", "otto")
    assert _next(anna)["id"] == first.pk
    assert _next(otto)["id"] == second.pk
    assert _next(at_the_desk("moderator", "third"))["id"] is None


def test_a_claim_lapses() -> None:
    upload = held_upload(1)
    _next(at_the_desk("moderator", "anna"))
    Claim.objects.update(until=timezone.now() - timedelta(seconds=1))
    assert _next(at_the_desk("moderator", "otto"))["id"] == upload.pk


def test_the_next_one_is_loaded_beside_the_present_one() -> None:
    first, second = held_upload(1, "ada"), held_upload(2, "bob")
    client = at_the_desk("moderator")
    assert _next(client)["id"] == first.pk
    ahead = _next(client, after=first.pk, without=first.pk)
    assert ahead["id"] == second.pk
    assert second.reference in ahead["html"]
    assert _next(client, after=second.pk, without=[first.pk, second.pk])["id"] is None


def test_without_a_script_the_buttons_lead_on() -> None:
    first, second = held_upload(1, "ada"), held_upload(2, "bob")
    client = at_the_desk("moderator")
    page = client.post(reverse(NEXT), follow=True)
    assert page.context["upload"] == first
    url = reverse("admin:moderation_review_decide", args=[first.pk])
    page = client.post(url, {"action": "approve"}, follow=True)
    assert page.context["upload"] == second
    page = client.post(
        reverse("admin:moderation_review_decide", args=[second.pk]), {"action": "reject"}, follow=True
    )
    assert page.redirect_chain[-1][0] == reverse("admin:moderation_review")


@pytest.mark.parametrize(
    ("action", "status"), [("approve", "approved"), ("reject", "rejected"), ("skip", "held")]
)
def test_a_decision_is_carried_out_and_recorded(action: str, status: str) -> None:
    upload = held_upload(1)
    client = at_the_desk("moderator")
    assert _decide(client, upload, action, note="because").json()["ok"]
    assert _status(upload) == status
    said = Decision.objects.filter(upload_id=upload.pk)
    assert [decision.kind for decision in said] == ([] if action == "skip" else [action])


def test_reject_and_ban_makes_an_entry_of_its_own() -> None:
    upload = held_upload(1)
    before = BannedImage.objects.count()
    assert _decide(at_the_desk("moderator"), upload, "ban").json()["ok"]
    assert _status(upload) == "rejected"
    banned = BannedImage.objects.latest("pk")
    assert BannedImage.objects.count() == before + 1
    assert banned.source == f"upload:{upload.reference}"


def test_what_was_decided_meanwhile_is_said() -> None:
    upload = held_upload(1)
    anna, otto = at_the_desk("moderator", "anna"), at_the_desk("moderator", "otto")
    _decide(anna, upload, "approve")
    answer = _decide(otto, upload, "approve")
    assert answer.status_code == 409
    assert answer.json()["message"]
    assert Decision.objects.count() == 1 + BannedImage.objects.count()


@pytest.mark.parametrize("action", ["", "destroy", "ban'--"])
def test_what_cannot_be_decided_changes_nothing(action: str) -> None:
    upload = held_upload(1)
    assert _decide(at_the_desk("moderator"), upload, action).status_code == 409
    assert _status(upload) == "held"


@pytest.mark.parametrize(("action", "after"), [("approve", "approved"), ("reject", "rejected")])
def test_the_last_decision_is_undone(action: str, after: str) -> None:
    upload, client = held_upload(1), at_the_desk("moderator")
    _decide(client, upload, action)
    assert _status(upload) == after
    answer = client.post(reverse("admin:moderation_review_undo"), headers={"X-Requested-With": "fetch"})
    assert answer.json() == {"ok": True, "message": answer.json()["message"], "upload": upload.pk}
    assert _status(upload) == "held"
    assert not upload.clearances.exists()
    last = Decision.objects.latest("pk")
    assert (last.kind, last.undoes_id) == ("undo", Decision.objects.get(kind=action).pk)


def test_undoing_the_rejection_of_a_public_upload_publishes_it_again() -> None:
    upload, client = public_upload(4), at_the_desk("moderator")
    client.post(reverse("admin:moderation_upload_decide", args=[upload.pk]), {"action": "reject"})
    assert _status(upload) == "rejected"
    client.post(reverse("admin:moderation_review_undo"))
    assert _status(upload) == "approved"
    assert upload.published


def test_undoing_a_ban_retires_it_and_restores_what_it_took_down() -> None:
    client = at_the_desk("moderator")
    actor = client.session["_auth_user_id"]
    banned = ban(4)
    mine = Decision.objects.get(banned_id=banned.pk)
    victim = screened(encode(scene(4), quality=50), who="ada")
    assert victim.status == "rejected"
    again = client.post(reverse("admin:moderation_review_undo"), {"decision": mine.pk})
    assert again.status_code == 302
    assert _status(victim) == "rejected", "another moderator's decision was undone"
    own = api.ban(encode(scene(5)), actor=type("Actor", (), {"pk": actor})()).banned
    other = screened(encode(scene(5), quality=50), who="bob")
    client.post(reverse("admin:moderation_review_undo"))
    own.refresh_from_db()
    assert not own.active
    assert _status(other) == "approved"


@pytest.mark.parametrize("kind", ["reject", "ban"])
def test_who_may_decide_no_more_may_not_undo_either(kind: str) -> None:
    """Or whoever is relieved of it could publish again what they took down, for a day."""
    upload, client = public_upload(4), at_the_desk("moderator", "anna")
    client.post(reverse("admin:moderation_upload_decide", args=[upload.pk]), {"action": kind})
    User.objects.get(username="anna").groups.clear()
    client = at_the_desk("auditor", "anna")

    answer = client.post(
        reverse("admin:moderation_review_undo"),
        {"decision": Decision.objects.get(kind=kind).pk},
        headers={"X-Requested-With": "fetch"},
    )

    assert answer.status_code == 409
    assert _status(upload) == "rejected"
    assert not Decision.objects.filter(kind="undo").exists()
    assert not BannedImage.objects.exclude(retired_revision=None).exists()


def test_nothing_is_undone_twice_or_for_others() -> None:
    upload = held_upload(1)
    anna, otto = at_the_desk("moderator", "anna"), at_the_desk("moderator", "otto")
    _decide(anna, upload, "reject")
    decision = Decision.objects.get(kind="reject")
    url = reverse("admin:moderation_review_undo")
    otto.post(url, {"decision": decision.pk})
    assert _status(upload) == "rejected"
    anna.post(url, {"decision": decision.pk})
    assert _status(upload) == "held"
    answer = anna.post(url, {"decision": decision.pk}, headers={"X-Requested-With": "fetch"})
    assert answer.status_code == 409
    assert undo.last_decisions(actor_id=str(anna.session["_auth_user_id"])) == []


def test_many_are_decided_from_the_grid() -> None:
    uploads = [held_upload(1, "ada"), held_upload(2, "bob")]
    client = at_the_desk("moderator")
    fields = {"action": "reject", "uploads": [upload.pk for upload in uploads]}
    client.post(reverse("admin:moderation_review_several"), fields)
    assert [_status(upload) for upload in uploads] == ["rejected", "rejected"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, 1),
        ({"blocklist": "hold"}, 1),
        ({"blocklist": "default"}, 0),
        ({"reason": "hold_list"}, 1),
        ({"reason": "near_copy"}, 0),
        ({"nearer": "256"}, 1),
        ({"nearer": "nonsense", "blocklist": "nothing", "after": "x"}, 1),
        ({"after": "99999999999999999999999"}, 0),
    ],
)
def test_the_grid_is_filtered(query: dict[str, str], found: int) -> None:
    held_upload(1)
    page = at_the_desk("moderator").get(reverse("admin:moderation_review"), query)
    assert len(page.context["cards"]) == found


def test_how_pictures_are_shown_is_remembered_for_each_moderator() -> None:
    anna, otto = at_the_desk("moderator", "anna"), at_the_desk("moderator", "otto")
    anna.post(reverse("admin:moderation_preference"), {"veil": "none"})
    page = reverse("admin:moderation_review")
    assert b"mod-veil-none" in anna.get(page).content
    assert b"mod-veil-blur" in otto.get(page).content
    anna.post(reverse("admin:moderation_preference"), {"veil": "rainbow"})
    assert DeskPreference.objects.get().veil == "none"


def test_a_page_of_the_queue_asks_few_questions() -> None:
    for number, who in enumerate(("ada", "bob", "cleo"), start=1):
        held_upload(number, who)
    client = at_the_desk("moderator")
    client.get(reverse("admin:moderation_review"))
    with assertNumQueries(FuzzyInt(4, 15)):
        client.get(reverse("admin:moderation_review"))


class FuzzyInt(int):
    """Equal to every number between two."""

    def __new__(cls, low: int, high: int) -> FuzzyInt:
        made = super().__new__(cls, high)
        made.low = low
        return made

    low: int

    def __eq__(self, other: object) -> bool:
        return isinstance(other, int) and self.low <= other <= int(self)

    __hash__ = int.__hash__


def test_the_address_after_signing_in_is_not_somebody_elses() -> None:
    client = at_the_desk("moderator")
    fields = {"veil": "grey", "next": "https://evil.example/"}
    answer = client.post(reverse("admin:moderation_preference"), fields)
    assert "evil" not in answer["Location"]
