"""An action is one class: its button, key, permission, form and undo come from there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission
from django.test import Client
from django.urls import reverse

from moderation.actions import ENTRY_ACTIONS, UPLOAD_ACTIONS, base, leaving, uploads
from moderation.models import Decision, Upload
from moderation.services.desk import undo
from tests.docs.blocks import blocks
from tests.entrypoints.desk import at_the_desk, ban, held_upload

pytestmark = pytest.mark.django_db


def _decide(client: Client, upload: Upload, action: str, **fields: Any) -> Any:
    url = reverse("admin:moderation_review_decide", args=[upload.pk])
    return client.post(url, {"action": action, **fields}, headers={"X-Requested-With": "fetch"})


@pytest.fixture
def spam() -> Iterator[None]:
    """Define the action of CONTRIBUTING.md."""
    (text,) = [one.text for one in blocks("CONTRIBUTING.md") if "(UploadAction)" in one.text]
    before, leaves = dict(UPLOAD_ACTIONS), dict(base.LEAVING)
    exec(text, dict(vars(uploads)))
    yield
    UPLOAD_ACTIONS.clear()
    UPLOAD_ACTIONS.update(before)
    base.LEAVING.clear()
    base.LEAVING.update(leaves)


@pytest.mark.usefixtures("spam")
def test_an_action_is_offered_where_its_class_says() -> None:
    upload, moderator = held_upload(), at_the_desk("moderator")

    item = moderator.get(reverse("admin:moderation_review_item", args=[upload.pk])).content.decode()
    grid = moderator.get(reverse("admin:moderation_review")).content.decode()
    page = moderator.get(reverse("admin:moderation_upload_change", args=[upload.pk])).content.decode()

    assert re.search(r'value="spam" class="button mod-danger" data-key="m">Spam <kbd>M</kbd>', item)
    assert "<li><kbd>M</kbd> spam</li>" in item
    assert 'value="spam"' in grid
    assert 'value="spam"' not in page


@pytest.mark.usefixtures("spam")
def test_it_is_done_said_and_undone() -> None:
    upload, moderator = held_upload(), at_the_desk("moderator")

    answer = _decide(moderator, upload, "spam", note="buy now")

    assert answer.json()["message"] == "Rejected as spam."
    decision = Decision.objects.get(kind="reject")
    assert decision.personal is not None
    assert decision.personal.text == "Spam. buy now"
    assert moderator.post(reverse("admin:moderation_review_undo")).status_code == 302
    upload.refresh_from_db()
    assert upload.status == "held"


@pytest.mark.usefixtures("spam")
def test_it_is_done_for_several() -> None:
    upload = held_upload()
    fields = {"action": "spam", "uploads": [upload.pk]}

    page = at_the_desk("moderator").post(reverse("admin:moderation_review_several"), fields, follow=True)

    assert [str(one) for one in page.context["messages"]] == [f"Rejected as spam. {upload.reference}"]


@pytest.mark.parametrize("action", ["", "nonsense", "spam", "APPROVE"])
def test_what_is_no_action_is_refused(action: str) -> None:
    upload = held_upload()

    answer = _decide(at_the_desk("moderator"), upload, action)

    assert (answer.status_code, answer.json()["ok"]) == (409, False)
    upload.refresh_from_db()
    assert upload.status == "held"


def test_an_action_of_another_page_is_refused() -> None:
    upload, moderator = held_upload(), at_the_desk("moderator")
    fields = {"action": "ban", "uploads": [upload.pk]}

    page = moderator.post(reverse("admin:moderation_review_several"), fields, follow=True)

    assert str(next(iter(page.context["messages"]))).startswith("Choose uploads")
    upload.refresh_from_db()
    assert upload.status == "held"


def test_who_may_not_ban_is_neither_offered_it_nor_obeyed() -> None:
    upload, moderator = held_upload(), at_the_desk("moderator")
    Group.objects.get(name="Moderators").permissions.remove(
        Permission.objects.get(codename="add_bannedimage")
    )

    page = moderator.get(reverse("admin:moderation_review_item", args=[upload.pk])).content.decode()
    answer = _decide(moderator, upload, "ban")

    assert 'value="ban"' not in page
    assert answer.json()["message"] == "You may not do this: Reject and ban."
    upload.refresh_from_db()
    assert upload.status == "held"


def test_names_keys_and_words_of_actions_are_their_own() -> None:
    actions = list(UPLOAD_ACTIONS.values())

    keys = [action.key for action in actions if action.name != "again"]  # in place of “approve”
    assert len(set(keys)) == len(keys)
    assert not {"v", "z"} & set(keys), "the page has these itself"
    for action in [*actions, *ENTRY_ACTIONS.values()]:
        assert action.label
        assert action.done
        assert action.permissions


def test_every_decision_that_can_be_undone_has_its_action() -> None:
    assert all(leaving(kind) for kind in undo.UNDOABLE)


def test_an_address_of_entries_is_posted_to() -> None:
    banned, senior = ban(1), at_the_desk("senior")

    for name in ENTRY_ACTIONS:
        assert senior.get(reverse(f"admin:moderation_ban_{name}", args=[banned.pk])).status_code == 405
    assert banned.active
