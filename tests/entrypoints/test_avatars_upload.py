"""Sending a picture with the profile's form, and every answer there is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.urls import reverse

from moderation import api
from moderation.exceptions import SandboxUnavailable, TooManyUploads
from moderation.models import Blocklist, Refusal, Upload
from moderation.services.uploads import screening
from tests import pictures
from tests.entrypoints.visitors import ASLEEP, browser_of, member, send

pytestmark = pytest.mark.django_db(transaction=True)

OLD = pictures.encode(pictures.scene(1))
BANNED = pictures.scene(7)
COPY = pictures.edited_copies(BANNED)["mirrored"]
POLICY = "No advertising in pictures of members."


@pytest.fixture
def policy() -> None:
    """Ban the picture on a list that says why."""
    Blocklist.objects.filter(slug="default").update(policy_text=POLICY)
    api.ban(pictures.encode(BANNED))


def test_an_innocent_picture_shows_at_once() -> None:
    ada = member()

    response = send(ada, OLD)

    assert (response.status_code, response.headers["Location"]) == (302, reverse("avatars:profile"))
    assert ada.avatar.name
    page = browser_of(ada).get(reverse("avatars:profile"))
    assert ada.avatar.url in page.content.decode()
    assert "Your picture is live" in page.content.decode()


def test_a_rejected_picture_says_why_and_loses_nothing(policy: None) -> None:
    ada = member()
    send(ada, OLD)
    old = ada.avatar.name

    response = send(ada, COPY, display_name="Countess", about="Notes on an engine.")

    html = response.content.decode()
    upload = Upload.objects.latest("id")
    assert (response.status_code, upload.status) == (422, "rejected")
    assert POLICY in html
    assert upload.reference in html
    assert reverse("avatars:review", args=[upload.reference]) in html
    assert 'value="Countess"' in html
    assert "Notes on an engine." in html
    assert (ada.display_name, ada.about, ada.avatar.name) == ("Countess", "Notes on an engine.", old)


def test_an_uploader_learns_neither_distance_nor_match(policy: None) -> None:
    ada = member()

    response = send(ada, COPY)

    explanation = api.explain(Upload.objects.get().reference)
    assert explanation is not None
    html = response.content.decode().lower()
    assert not [word for word in ("dhash", "phash", "distance", "radius", "mirror") if word in html]


def test_a_held_picture_waits_while_the_old_one_stays() -> None:
    ada = member()
    send(ada, OLD)
    old = ada.avatar.name
    Blocklist.objects.filter(slug="default").update(action="hold")
    api.ban(pictures.encode(BANNED))

    response = send(ada, COPY)

    assert response.status_code == 302
    page = browser_of(ada).get(reverse("avatars:profile")).content.decode()
    assert "looked at by a moderator" in page
    assert "your old picture" in page
    assert (ada.avatar.name, Upload.objects.latest("id").published) == (old, "")


def test_a_pending_picture_says_so_and_names_where_to_ask(settings: Any) -> None:
    settings.MODERATION = {**django_settings.MODERATION, "DISPATCHER": ASLEEP}
    ada = member()

    send(ada, OLD)

    page = browser_of(ada).get(reverse("avatars:profile")).content.decode()
    upload = Upload.objects.get()
    assert upload.status == "pending"
    assert f'data-poll="{reverse("avatars:upload_status", args=[upload.reference])}"' in page
    assert "Reload this page" in page
    assert not ada.avatar


def test_a_text_that_does_not_fit_sends_no_picture() -> None:
    ada = member()

    response = send(ada, OLD, display_name="x" * 61, about="Kept in the form.")

    assert response.status_code == 422
    assert "Kept in the form." in response.content.decode()
    assert not Upload.objects.exists()


def test_texts_alone_are_saved() -> None:
    ada = member()

    response = send(ada, None, display_name="Countess")

    assert (response.status_code, ada.display_name) == (302, "Countess")
    assert not Upload.objects.exists()


def test_saving_texts_leaves_an_avatar_that_came_meanwhile() -> None:
    ada = member()
    stale = member()
    send(ada, OLD)

    from avatars.forms import ProfileForm

    saved = ProfileForm({"display_name": "Countess"}, instance=stale)
    assert saved.is_valid()
    saved.save()

    ada.refresh_from_db()
    assert (ada.display_name, bool(ada.avatar)) == ("Countess", True)


def test_a_take_down_puts_the_placeholder_back() -> None:
    ada = member(display_name="Ada Lovelace")
    send(ada, OLD, display_name="Ada Lovelace")
    assert ada.avatar

    api.ban(OLD)

    ada.refresh_from_db()
    page = browser_of(None).get(reverse("avatars:member", args=["ada"])).content.decode()
    assert not ada.avatar
    assert "Ada Lovelace, no picture yet" in page
    assert "/media/" not in page


def test_a_member_can_take_the_picture_away(tmp_path: Path) -> None:
    ada = member()
    send(ada, OLD)
    file = tmp_path / "media" / (ada.avatar.name or "")
    assert file.is_file()

    response = browser_of(ada).post(reverse("avatars:remove_picture"), follow=True)

    ada.refresh_from_db()
    assert "Your picture was removed" in response.content.decode()
    assert "No picture yet" in response.content.decode()
    assert (ada.avatar.name, file.exists()) == ("", False)


def test_taking_away_what_waits_ends_the_waiting(settings: Any) -> None:
    settings.MODERATION = {**django_settings.MODERATION, "DISPATCHER": ASLEEP}
    ada = member()
    send(ada, OLD)

    page = browser_of(ada).post(reverse("avatars:remove_picture"), follow=True).content.decode()
    screening.screen(upload_id=Upload.objects.get().pk)

    ada.refresh_from_db()
    assert "data-poll" not in page
    assert not ada.avatar


def test_only_a_member_who_means_it_takes_a_picture_away() -> None:
    ada = member()
    send(ada, OLD)

    assert browser_of(None).post(reverse("avatars:remove_picture")).status_code == 302
    assert browser_of(ada).get(reverse("avatars:remove_picture")).status_code == 405
    assert (
        browser_of(ada, enforce_csrf_checks=True).post(reverse("avatars:remove_picture")).status_code == 403
    )
    ada.refresh_from_db()
    assert ada.avatar


def test_with_the_account_goes_the_picture(tmp_path: Path) -> None:
    ada = member()
    send(ada, OLD)
    file = tmp_path / "media" / (ada.avatar.name or "")

    ada.user.delete()

    assert not file.exists()


@pytest.mark.parametrize(
    ("fault", "code", "seconds", "words"),
    [
        (TooManyUploads(), 429, "60", "Wait a minute"),
        (SandboxUnavailable(), 503, "30", "cannot check pictures at the moment"),
    ],
)
def test_what_is_not_the_pictures_fault_is_said_kindly(
    monkeypatch: pytest.MonkeyPatch, fault: Exception, code: int, seconds: str, words: str
) -> None:
    def submit(*args: object, **kwargs: object) -> None:
        raise fault

    monkeypatch.setattr(api, "submit_upload", submit)
    ada = member()

    response = send(ada, OLD, display_name="Countess")

    assert (response.status_code, response["Retry-After"]) == (code, seconds)
    assert words in response.content.decode()
    assert ada.display_name == "Countess"


def test_the_door_knows_who_sent_it_and_from_where() -> None:
    send(member(), b"no picture", file="holiday.jpg")

    refusal = Refusal.objects.get()
    assert refusal.personal is not None
    assert (refusal.personal.address, refusal.personal.file_name) == ("127.0.0.1", "holiday.jpg")
