"""Who may only ban lets nothing pass, and nobody decides about an upload of their own."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import Group, Permission
from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from moderation.exceptions import DecisionRefused
from moderation.models import BanDraft, BannedImage, Blocklist, Upload
from moderation.services.desk import overturn, review
from moderation.services.desk.overturn import Plan
from tests.entrypoints.desk import at_the_desk, ban, colleague, held_upload, rejected_upload, second_confirms
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


def test_two_senior_moderators_can() -> None:
    senior = at_the_desk("senior")
    draft = _draft(senior, rejected_upload())
    assert draft is not None

    senior.post(reverse("admin:moderation_ban_reach", args=[draft.batch]))
    assert not BannedImage.objects.filter(blocklist=_allowlist()).exists()
    second_confirms()

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
    done = overturn.overturn(banned_id=banned.pk, actor_id=own, plan=Plan(remedy="keep", restore=[upload.pk]))

    assert (done.restored, done.left) == ((), (upload.pk,))
    upload.refresh_from_db()
    assert upload.status == "rejected"


WAITING = "admin:moderation_ban_waiting"


@pytest.fixture
def asked() -> BanDraft:
    """Ask for the retirement of an entry, beside another senior moderator."""
    colleague("senior", "second")
    banned = ban(1)
    url = reverse("admin:moderation_ban_retire", args=[banned.pk])
    answer = at_the_desk("senior", "sven").post(url, {"note": "a mistake"}, follow=True)
    assert "waits for a second person" in next(str(one) for one in answer.context["messages"])
    return BanDraft.objects.get()


def _confirm(client: Client, draft: BanDraft) -> str:
    url = reverse("admin:moderation_ban_draft", args=[draft.pk])
    answer = client.post(url, {"action": "confirm"}, follow=True)
    return [str(message) for message in answer.context["messages"]][-1]


@pytest.mark.parametrize("role", ["auditor", "moderator", "senior"])
def test_every_desk_says_what_waits(asked: BanDraft, role: str) -> None:
    client = at_the_desk(role, "somebody")

    for address in ("moderation_desk", "moderation_upload_changelist", "moderation_bannedimage_changelist"):
        page = client.get(reverse(f"admin:{address}")).content.decode()
        assert "sven has asked to let pictures pass" in page
        assert f"Retire entry #{asked.banned_id}" in page


def test_the_page_offers_it_to_a_second_person_alone(asked: BanDraft) -> None:
    def offered(role: str, name: str) -> bool:
        page = at_the_desk(role, name).get(reverse(WAITING)).content.decode()
        assert "a mistake" in page
        return 'value="confirm"' in page

    assert offered("senior", "second")
    assert not offered("senior", "sven")
    assert not offered("moderator", "mona")


def test_a_second_person_confirms_on_the_page(asked: BanDraft) -> None:
    assert "yourself" in _confirm(at_the_desk("senior", "sven"), asked)
    assert "allowed to do so" in _confirm(at_the_desk("moderator", "mona"), asked)
    assert BannedImage.objects.get().active

    said = _confirm(at_the_desk("senior", "second"), asked)

    assert said == f"Confirmed and done: Retire entry #{asked.banned_id}."
    assert not BannedImage.objects.get().active
    assert "already" in _confirm(at_the_desk("senior", "second"), asked)


def test_whoever_may_ban_may_drop_it(asked: BanDraft) -> None:
    url = reverse("admin:moderation_ban_draft", args=[asked.pk])

    at_the_desk("moderator", "mona").post(url, {"action": "drop"})

    assert BanDraft.objects.get().status == "dropped"
    assert BannedImage.objects.get().active


def test_where_nobody_else_may_the_desk_says_until_when() -> None:
    only = at_the_desk("senior", "sven")
    only.post(reverse("admin:moderation_ban_retire", args=[ban(1).pk]))
    draft = BanDraft.objects.get()

    page = at_the_desk("auditor").get(reverse("admin:moderation_desk")).content.decode()

    assert "Nobody else may confirm it; it waits until" in page
    assert "has to wait" in _confirm(only, draft)
    assert BannedImage.objects.get().active
    BanDraft.objects.update(created_at=timezone.now() - timedelta(hours=25))
    assert 'value="confirm"' in only.get(reverse(WAITING)).content.decode()
    assert "Confirmed and done" in _confirm(only, draft)
    assert not BannedImage.objects.get().active


@pytest.mark.parametrize("action", ["hold", "monitor", "allow"])
def test_a_list_that_does_less_waits(action: str) -> None:
    default = Blocklist.objects.get(slug="default")
    url = reverse("admin:moderation_blocklist_change", args=[default.pk])
    fields = {
        "name": "Default",
        "action": action,
        "local": "hold",
        "policy_text": "No.",
        "keep_evidence": "on",
    }
    colleague("senior", "second")

    page = at_the_desk("senior", "sven").post(url, fields, follow=True)

    assert "waits for a second person" in str(next(iter(page.context["messages"])))
    default.refresh_from_db()
    assert (default.action, default.policy_text) == ("block", "This picture is not allowed here.")
    second_confirms()
    default.refresh_from_db()
    assert (default.action, default.policy_text) == (action, "No.")


def test_who_may_change_lists_but_not_lower_is_told_so() -> None:
    changer = colleague("senior", "sven")
    group = Group.objects.get(name="Senior moderators")
    group.permissions.remove(Permission.objects.get(codename="lower_shield"))
    url = reverse("admin:moderation_blocklist_change", args=[Blocklist.objects.get(slug="default").pk])
    fields = {
        "name": "Default",
        "action": "hold",
        "local": "hold",
        "policy_text": "No.",
        "keep_evidence": "on",
    }

    page = at_the_desk("senior", changer.username).post(url, fields, follow=True)

    assert "You may not lower the shield" in str(next(iter(page.context["messages"])))
    assert Blocklist.objects.get(slug="default").action == "block"
    assert not BanDraft.objects.exists()
