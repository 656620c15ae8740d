"""“This was wrong”: what follows is shown, and then it follows. Appeals lead there."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from moderation.models import Appeal, BannedImage, Decision, Notice, Upload
from moderation.services.desk import review
from tests.entrypoints.desk import at_the_desk, ban, rejected_upload, screened, second_confirms
from tests.pictures import encode, scene

pytestmark = pytest.mark.django_db


def _page(client: Client, banned: BannedImage, upload: Upload | None = None, **fields: Any) -> Any:
    url = reverse("admin:moderation_overturn", args=[banned.pk])
    url += f"?upload={upload.pk}" if upload else ""
    return client.post(url, fields, follow=True) if fields else client.get(url)


def _status(upload: Upload) -> str:
    upload.refresh_from_db()
    return upload.status


def _copies(seed: int, names: str = "ada bob") -> tuple[BannedImage, list[Upload]]:
    banned = ban(seed)
    copies = [screened(encode(scene(seed), quality=50), who=name) for name in names.split()]
    assert {copy.status for copy in copies} == {"rejected"}
    return banned, copies


def test_the_page_shows_what_rests_on_the_entry() -> None:
    banned, copies = _copies(4)
    shown = _page(at_the_desk("senior"), banned).context["found"]
    assert set(shown.uploads) == set(copies)
    assert (shown.users, shown.shared, shown.decided) == (2, 0, 0)


def test_retiring_restores_the_chosen_and_tells_their_owners() -> None:
    banned, (first, second) = _copies(4)
    _page(at_the_desk("senior"), banned, remedy="retire", restore=[first.pk], note="a film poster")
    assert (_status(first), _status(second)) == ("approved", "rejected"), "that concerns one upload each"
    assert BannedImage.objects.get(pk=banned.pk).active
    second_confirms()
    banned.refresh_from_db()
    assert not banned.active
    assert (_status(first), _status(second)) == ("approved", "rejected")
    assert first.published
    assert Notice.objects.filter(upload=first, kind="restored").count() == 1
    kinds = set(Decision.objects.exclude(kind="ban").values_list("kind", flat=True))
    assert kinds == {"retire", "restore"}


def test_narrowing_keeps_the_entry() -> None:
    banned, (first, _second) = _copies(4)
    fields: Any = {"radii_dhash256_block": "0", "radii_dhash256_hold": "1"}
    _page(at_the_desk("senior"), banned, remedy="narrow", restore=[first.pk], **fields)
    second_confirms()
    banned.refresh_from_db()
    assert banned.active
    assert banned.radii == {"dhash256": [0, 1]}
    assert _status(first) == "approved"


def test_narrowing_without_radii_is_refused_at_the_field() -> None:
    banned, (first, _second) = _copies(4)
    page = _page(at_the_desk("senior"), banned, remedy="narrow", restore=[first.pk])
    assert page.status_code == 400
    assert "radii" in page.context["form"].errors
    assert _status(first) == "rejected"


def test_what_matches_something_else_stays_rejected() -> None:
    banned, (first, second) = _copies(4)
    other = ban(4 + 100)
    assert other.active
    # The same picture on a second list: banned after both were rejected, so no screening names it.
    from tests.entrypoints.desk import holding_list

    holding_list()
    ban(4, "hold")
    _page(at_the_desk("senior"), banned, remedy="retire", restore=[first.pk, second.pk])
    assert (_status(first), _status(second)) == ("rejected", "rejected")


def test_the_picture_goes_on_the_allowlist() -> None:
    banned, (first, _second) = _copies(4)
    _page(at_the_desk("senior"), banned, first, remedy="keep", allow="on", restore=[first.pk])
    assert not BannedImage.objects.filter(blocklist__slug="allowlist").exists()
    second_confirms()
    assert _status(first) == "approved"
    assert BannedImage.objects.filter(blocklist__slug="allowlist").count() == 1
    # The entry stands and the two are too near to tell their copies apart: exact ones pass, others are stopped.
    assert screened(encode(scene(4), quality=50), who="dora").status == "approved"
    assert screened(encode(scene(4), quality=45), who="eve").status == "rejected"


def test_choosing_nothing_changes_nothing() -> None:
    banned, _found = _copies(4, "ada")
    page = _page(at_the_desk("senior"), banned, remedy="keep")
    assert "Nothing was chosen" in page.content.decode()
    banned.refresh_from_db()
    assert banned.active


def test_uploads_of_another_entry_cannot_be_slipped_in() -> None:
    banned, _found = _copies(4, "ada")
    stranger = rejected_upload(7, "eve")
    _page(at_the_desk("senior"), banned, remedy="retire", restore=[stranger.pk])
    assert _status(stranger) == "rejected"


def _appeal(seed: int = 4) -> Appeal:
    return review.ask_for_review(upload=rejected_upload(seed), text="It is <b>my</b> dog.")


def _answer(client: Client, appeal: Appeal, answer: str) -> Any:
    url = reverse("admin:moderation_appeal_answer", args=[appeal.pk])
    return client.post(url, {"answer": answer, "note": "looked again"}, follow=True)


@pytest.mark.parametrize(
    ("answer", "status", "upload"), [("grant", "granted", "approved"), ("deny", "denied", "rejected")]
)
def test_an_appeal_is_answered(answer: str, status: str, upload: str) -> None:
    appeal = _appeal()
    _answer(at_the_desk("moderator"), appeal, answer)
    appeal.refresh_from_db()
    assert (appeal.status, appeal.upload.status) == (status, upload)
    assert Notice.objects.filter(kind=f"appeal_{status}").exists()


def test_granting_leads_a_senior_to_the_consequences() -> None:
    page = _answer(at_the_desk("senior"), _appeal(), "grant")
    assert "/overturn/" in page.redirect_chain[-1][0]


def test_who_decided_before_does_not_answer() -> None:
    appeal, client = _appeal(), at_the_desk("moderator")
    from moderation.services.history import decisions

    actor = client.session["_auth_user_id"]
    decisions.record(kind="reject", actor_id=actor, revision=1, upload_id=appeal.upload_id)
    page = client.get(reverse("admin:moderation_appeal_change", args=[appeal.pk]))
    assert page.context["decided_before"]
    assert not page.context["may_answer"]
    _answer(client, appeal, "grant")
    appeal.refresh_from_db()
    assert appeal.status == "open"


def test_an_appeals_words_are_not_markup() -> None:
    appeal = _appeal()
    page = at_the_desk("moderator").get(reverse("admin:moderation_appeal_change", args=[appeal.pk]))
    assert b"&lt;b&gt;my&lt;/b&gt;" in page.content


def test_overturning_answers_the_open_appeal() -> None:
    appeal = _appeal()
    banned = BannedImage.objects.get()
    _page(at_the_desk("senior"), banned, remedy="retire", restore=[appeal.upload_id])
    appeal.refresh_from_db()
    assert appeal.status == "granted"
