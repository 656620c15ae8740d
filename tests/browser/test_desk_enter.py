"""Enter in a field decides nothing, on any page of the desk; an expired session loses nothing."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.urls import reverse

from moderation.models import Appeal, BannedImage, BlocklistChange, Decision, Upload
from moderation.services.desk import review
from tests.browser.conftest import SignIn
from tests.browser.test_desk_day import _staff
from tests.entrypoints.desk import held_upload, public_upload, rejected_upload
from tests.entrypoints.visitors import PASSWORD

HARMLESS = ("/review/next/", "/bannedimage/add/")
"""Claim the next one for oneself; show what a ban would reach."""
FIELDS = "main :is(input:not([type=hidden]), textarea, select), #content :is(input:not([type=hidden]), textarea, select)"


def _state() -> dict[str, Any]:
    return {
        "decisions": Decision.objects.count(),
        "changes": BlocklistChange.objects.count(),
        "uploads": list(Upload.objects.order_by("pk").values_list("pk", "status")),
        "entries": list(BannedImage.objects.order_by("pk").values_list("pk", "retired_revision")),
        "appeals": list(Appeal.objects.order_by("pk").values_list("pk", "status")),
    }


def _open(desk: Any, page: str) -> None:
    from playwright.sync_api import Error

    try:
        desk.goto(page)
    except Error:  # Enter in a filter loads the page again, which may begin only now
        desk.wait_for_load_state()
        desk.goto(page)


@pytest.mark.slow
def test_enter_decides_nothing_in_any_field_of_any_page(visit: SignIn) -> None:
    _staff("senior", "sven")
    held, public, rejected = held_upload(2, "ada"), public_upload(4, "cleo"), rejected_upload(3, "bob")
    appeal = review.ask_for_review(upload=rejected, text="I drew this.")
    entry = BannedImage.objects.earliest("pk").pk
    pages = [
        reverse("admin:moderation_review"),
        reverse("admin:moderation_review_item", args=[held.pk]),
        *(reverse("admin:moderation_upload_change", args=[one.pk]) for one in (held, public, rejected)),
        reverse("admin:moderation_appeal_change", args=[appeal.pk]),
        reverse("admin:moderation_bannedimage_change", args=[entry]),
        reverse("admin:moderation_overturn", args=[entry]),
        reverse("admin:moderation_bannedimage_add") + f"?uploads={held.pk}",
    ]
    desk = visit("sven")
    before, pressed, posts = _state(), 0, []
    desk.on("request", lambda request: posts.append(request.url) if request.method == "POST" else None)

    for page in pages:
        _open(desk, page)
        for number in range(desk.locator(FIELDS).count()):
            _open(desk, page)
            field = desk.locator(FIELDS).nth(number)
            if not field.is_visible() or field.get_attribute("type") == "file":
                continue
            field.focus()
            if field.evaluate("field => field.matches('textarea, [type=text], :not([type])')"):
                desk.keyboard.type("x")
            desk.keyboard.press("Enter")
            desk.wait_for_timeout(100)
            pressed += 1
            assert [url for url in posts if not any(one in url for one in HARMLESS)] == [], (page, number)

        desk.wait_for_load_state("networkidle")
        assert _state() == before, page

    assert pressed > 15


def test_an_expired_session_says_so_and_keeps_what_was_typed(visit: SignIn) -> None:
    _staff("moderator", "mona")
    held = held_upload()
    desk = visit("mona")
    desk.goto(reverse("admin:moderation_review_item", args=[held.pk]))
    desk.get_by_label("Note", exact=True).fill("Seen before")
    Session.objects.all().delete()

    desk.get_by_role("button", name="Reject R", exact=True).click()

    desk.get_by_text("You are signed out.").wait_for()
    assert desk.get_by_label("Note", exact=True).input_value() == "Seen before"
    held.refresh_from_db()
    assert held.status == "held"
    with desk.context.expect_page() as opened:
        desk.get_by_role("link", name="Sign in").click()
    other = opened.value
    other.get_by_label("Username").fill("mona")
    other.get_by_label("Password").fill(PASSWORD)
    other.get_by_role("button", name="Log in").click()
    other.wait_for_load_state("networkidle")
    other.close()
    desk.get_by_role("button", name="Reject R", exact=True).click()
    desk.wait_for_load_state("networkidle")
    held.refresh_from_db()
    assert held.status == "rejected"
    personal = Decision.objects.get(upload_id=held.pk).personal
    assert personal is not None
    assert personal.text == "Seen before"


def test_other_pages_of_the_desk_keep_what_was_typed_as_well(visit: SignIn) -> None:
    _staff("senior", "sven")
    rejected = rejected_upload()
    appeal = review.ask_for_review(upload=rejected, text="I drew this.")
    desk = visit("sven")
    desk.goto(reverse("admin:moderation_appeal_change", args=[appeal.pk]))
    note = desk.get_by_label("Note for colleagues")
    note.fill("Looks drawn to me")
    Session.objects.all().delete()

    desk.get_by_role("button", name="Deny").click()

    desk.get_by_role("alert").get_by_text("You are signed out.").wait_for()
    assert note.input_value() == "Looks drawn to me"
    with desk.context.expect_page() as opened:
        desk.get_by_role("alert").get_by_role("link", name="Sign in").click()
    other = opened.value
    other.get_by_label("Username").fill("sven")
    other.get_by_label("Password").fill(PASSWORD)
    other.get_by_role("button", name="Log in").click()
    other.get_by_role("navigation", name="Moderators' desk").wait_for()
    other.close()
    desk.get_by_role("button", name="Deny").click()
    desk.get_by_text("Denied.").wait_for()
    personal = Decision.objects.latest("pk").personal
    assert personal is not None
    assert personal.text == "Looks drawn to me"
