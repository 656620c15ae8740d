"""What humans decide, and what stays decided."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.storage import storages

from moderation import api, selectors
from moderation.exceptions import AppealRefused, ChangedSinceSeen, DecisionRefused
from moderation.models import Appeal, Blocklist, Clearance, Decision, Notice, Screening, Upload
from moderation.services.blocklists import banning, blocklist, enrolment
from moderation.services.blocklists.banning import EntryOptions
from moderation.services.desk import review
from tests import pictures
from tests.services.people import kept_files, member, send

pytestmark = pytest.mark.django_db(transaction=True)

PICTURE = pictures.encode(pictures.scene(21))
MODERATOR, OTHER = "101", "102"


@pytest.fixture
def holding() -> Blocklist:
    """Return a list whose copies are held."""
    return blocklist.change_list(blocklist=Blocklist(slug="look", name="Look at it", action="hold"))


def _ban(data: bytes, target: Blocklist) -> Any:
    return banning.ban(picture=enrolment.picture_from_bytes(data), blocklist=target, options=EntryOptions())


@pytest.fixture
def held(holding: Blocklist) -> Upload:
    """Return an upload that a moderator has to look at."""
    _ban(PICTURE, holding)
    upload = send(PICTURE, who=member())
    assert (upload.status, upload.published, kept_files("moderation_public")) == ("held", "", [])
    return upload


def test_approving_publishes_and_clears(held: Upload) -> None:
    review.approve(upload_id=held.pk, actor_id=MODERATOR, note="a cat")

    held.refresh_from_db()
    ada = member()
    assert (held.status, ada.avatar.name) == ("approved", held.published)
    assert storages["moderation_public"].exists(held.published)
    assert Clearance.objects.filter(upload=held).count() == 1
    assert Notice.objects.get(upload=held).kind == "approved"


def test_what_a_human_approved_is_not_taken_down_by_the_same_entry(held: Upload, holding: Blocklist) -> None:
    review.approve(upload_id=held.pk, actor_id=MODERATOR)

    holding.action = "block"
    blocklist.change_list(blocklist=holding)

    held.refresh_from_db()
    assert held.status == "approved"
    latest = Screening.objects.filter(upload_id=held.pk).latest("id")
    assert (latest.verdict, latest.reason) == ("allow", "cleared")


def test_a_new_entry_takes_it_down_all_the_same(held: Upload) -> None:
    review.approve(upload_id=held.pk, actor_id=MODERATOR)

    api.ban(PICTURE)

    held.refresh_from_db()
    assert (held.status, kept_files("moderation_public")) == ("rejected", [])


def test_an_entry_that_nobody_has_seen_beside_it_stops_the_approval(
    held: Upload, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("moderation.dispatch.inline.InlineDispatcher.rescan", lambda *_: None)
        api.ban(PICTURE)

    with pytest.raises(ChangedSinceSeen):
        review.approve(upload_id=held.pk, actor_id=MODERATOR)

    held.refresh_from_db()
    assert (held.status, kept_files("moderation_public")) == ("rejected", [])
    assert not Decision.objects.filter(kind="approve").exists()


def test_rejecting_tells_the_owner_in_the_words_of_the_list(held: Upload) -> None:
    review.reject(upload_id=held.pk, actor_id=MODERATOR, blocklist=selectors.blocklist_named("default"))

    notice = Notice.objects.get(upload=held)
    assert (notice.kind, notice.by_person) == ("rejected", True)
    assert notice.message == "This picture is not allowed here."


def test_what_is_decided_is_not_decided_twice(held: Upload) -> None:
    review.reject(upload_id=held.pk, actor_id=MODERATOR)

    with pytest.raises(DecisionRefused):
        review.reject(upload_id=held.pk, actor_id=OTHER)


def test_retiring_an_entry_releases_what_it_held(held: Upload) -> None:
    entry = selectors.blocklist_named("look").entries.get()

    blocklist.unban(banned_id=entry.pk)

    held.refresh_from_db()
    assert held.status == "approved"
    assert storages["moderation_public"].exists(held.published)


def test_retiring_an_entry_restores_nothing_that_was_rejected() -> None:
    banned = api.ban(PICTURE)
    upload = send(PICTURE, who=member())

    blocklist.unban(banned_id=banned.banned.pk)

    upload.refresh_from_db()
    assert upload.status == "rejected"


def test_narrowing_a_radius_releases(held: Upload, holding: Blocklist) -> None:
    near = pictures.scene(21)
    near.paste((255, 255, 255), (10, 10, 110, 60))
    other = send(pictures.encode(near), who=member("bob"))
    assert other.status == "held"

    holding.radii, holding.local = {"dhash256": [0, 0], "phash256": [0, 0]}, "off"
    blocklist.change_list(blocklist=holding)

    other.refresh_from_db()
    held.refresh_from_db()
    assert (other.status, held.status) == ("approved", "held")


@pytest.fixture
def appeal() -> Appeal:
    """Return a rejected upload whose owner objects."""
    api.ban(PICTURE)
    upload = send(PICTURE, who=member())
    api.ask_for_review(upload.reference, owner=member().user, text="It is only my cat.")
    return Appeal.objects.get()


def test_a_granted_appeal_publishes(appeal: Appeal) -> None:
    review.answer_appeal(appeal_id=appeal.pk, actor_id=MODERATOR, grant=True)

    status = api.status_of(member(), "avatar")
    assert status is not None
    assert (status.status, status.appeal) == ("approved", "granted")
    assert [notice.kind for notice in api.notices_for(member().user)] == ["appeal_granted", "rejected"]


def test_a_denied_appeal_tells_the_owner(appeal: Appeal) -> None:
    review.answer_appeal(appeal_id=appeal.pk, actor_id=MODERATOR, grant=False)

    assert api.notices_for(member().user)[0].kind == "appeal_denied"
    assert appeal.upload.status == "rejected"


def test_who_decided_before_does_not_answer_the_appeal(holding: Blocklist) -> None:
    _ban(PICTURE, holding)
    upload = send(PICTURE, who=member())
    review.reject(upload_id=upload.pk, actor_id=MODERATOR)
    api.ask_for_review(upload.reference, owner=member().user, text="Please")
    appeal = Appeal.objects.get()

    with pytest.raises(DecisionRefused):
        review.answer_appeal(appeal_id=appeal.pk, actor_id=MODERATOR, grant=True)

    assert review.answer_appeal(appeal_id=appeal.pk, actor_id=OTHER, grant=True).status == "granted"


def test_an_appeal_is_answered_once(appeal: Appeal) -> None:
    review.answer_appeal(appeal_id=appeal.pk, actor_id=MODERATOR, grant=False)

    with pytest.raises(DecisionRefused):
        review.answer_appeal(appeal_id=appeal.pk, actor_id=OTHER, grant=True)


@pytest.mark.parametrize("case", ["twice", "somebody else's", "approved", "without a word"])
def test_appeals_that_cannot_be(case: str, appeal: Appeal) -> None:
    reference, owner, text = appeal.upload.reference, member().user, "Please"
    if case == "somebody else's":
        owner = member("bob").user
    elif case == "approved":
        reference = send(pictures.encode(pictures.scene(2)), who=member()).reference
    elif case == "without a word":
        Appeal.objects.all().delete()
        text = "  "

    with pytest.raises(AppealRefused):
        api.ask_for_review(reference, owner=owner, text=text)


def test_an_older_upload_that_is_approved_later_does_not_replace_the_newer(held: Upload) -> None:
    newer = send(pictures.encode(pictures.scene(2)), who=member())

    review.approve(upload_id=held.pk, actor_id=MODERATOR)

    held.refresh_from_db()
    assert member().avatar.name == newer.published
    assert (held.status, held.published) == ("approved", "")
    assert kept_files("moderation_public") == [newer.published]
