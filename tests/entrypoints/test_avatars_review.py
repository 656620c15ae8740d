"""Asking for a review: once, by the owner, with a sentence."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse

from avatars.models import Profile
from moderation import api
from moderation.models import Appeal, Upload
from tests import pictures
from tests.entrypoints.visitors import browser_of, member, send

pytestmark = pytest.mark.django_db(transaction=True)

PICTURE = pictures.encode(pictures.scene(1))


@pytest.fixture
def ada() -> Profile:
    """Return a member whose picture was rejected."""
    api.ban(PICTURE)
    profile = member()
    send(profile, PICTURE)
    return profile


def _address() -> str:
    return reverse("avatars:review", args=[Upload.objects.latest("id").reference])


def _ask(profile: Profile | None, text: str = "It is my own cat.") -> Any:
    return browser_of(profile).post(_address(), {"text": text})


def test_the_sentence_reaches_the_moderators(ada: Profile) -> None:
    response = _ask(ada)

    assert (response.status_code, response.headers["Location"]) == (302, reverse("avatars:notices"))
    appeal = Appeal.objects.get()
    assert (appeal.status, appeal.text) == ("open", "It is my own cat.")


def test_the_page_then_says_that_it_was_asked(ada: Profile) -> None:
    _ask(ada)

    for address in (_address(), reverse("avatars:profile")):
        html = browser_of(ada).get(address).content.decode()
        assert "You asked for a review." in html
        assert ">Ask for a review</a>" not in html


def test_once_only(ada: Profile) -> None:
    _ask(ada)

    again = _ask(ada, "Please!")

    assert again.status_code == 409
    assert Appeal.objects.count() == 1


@pytest.mark.parametrize("text", ["", "   ", "x" * 1001, "a\x00b"])
def test_a_sentence_that_is_none(ada: Profile, text: str) -> None:
    response = _ask(ada, text)

    assert response.status_code == 422
    assert not Appeal.objects.exists()


def test_a_picture_that_was_not_rejected(ada: Profile) -> None:
    send(ada, pictures.encode(pictures.scene(2)))

    assert "There is nothing to review" in browser_of(ada).get(_address()).content.decode()
    assert _ask(ada).status_code == 409


def test_only_the_owner(ada: Profile) -> None:
    outsider = member("outsider")

    assert browser_of(outsider).get(_address()).status_code == 404
    assert _ask(outsider).status_code == 404
    assert _ask(None).headers["Location"] == f"/accounts/login/?next={_address()}"
    assert not Appeal.objects.exists()


def test_what_was_typed_is_shown_as_text(ada: Profile) -> None:
    response = _ask(ada, "<script>alert(1)</script>" + "x" * 1000)

    assert "<script>alert" not in response.content.decode()
