"""The small endpoint that a page asks while a picture is being checked."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import settings as django_settings
from django.urls import reverse

from avatars.models import Profile
from moderation import api
from moderation.models import Upload
from moderation.services.uploads import screening
from tests import pictures
from tests.entrypoints.visitors import ASLEEP, browser_of, member, send

pytestmark = pytest.mark.django_db(transaction=True)

PICTURE = pictures.encode(pictures.scene(1))


@pytest.fixture
def ada(settings: Any) -> Profile:
    """Return a member whose picture is pending."""
    settings.MODERATION = {**django_settings.MODERATION, "DISPATCHER": ASLEEP}
    profile = member()
    send(profile, PICTURE)
    return profile


def _address() -> str:
    return reverse("avatars:upload_status", args=[Upload.objects.get().reference])


def test_pending_then_approved(ada: Profile) -> None:
    browser = browser_of(ada)
    before = browser.get(_address()).json()
    screening.screen(upload_id=Upload.objects.get().pk)
    after = browser.get(_address()).json()

    ada.refresh_from_db()
    assert (before["status"], before["final"], before["url"]) == ("pending", False, None)
    assert (after["status"], after["final"], after["url"]) == ("approved", True, ada.avatar.url)
    assert ada.avatar.url in after["panel"]


def test_pending_then_rejected_names_the_reason(ada: Profile) -> None:
    api.ban(PICTURE)
    screening.screen(upload_id=Upload.objects.get().pk)

    answer = browser_of(ada).get(_address()).json()

    assert (answer["status"], answer["final"], answer["url"]) == ("rejected", True, None)
    assert answer["message"] in answer["panel"]
    assert reverse("avatars:review", args=[answer["reference"]]) in answer["panel"]


def test_it_is_never_cached(ada: Profile) -> None:
    assert "no-store" in browser_of(ada).get(_address()).headers["Cache-Control"]


def test_only_the_owner_may_ask(ada: Profile) -> None:
    assert browser_of(ada).get(_address()).status_code == 200
    assert browser_of(member("outsider")).get(_address()).status_code == 404
    anonymous = browser_of(None).get(_address())
    assert (anonymous.status_code, anonymous.headers["Location"]) == (
        302,
        f"/accounts/login/?next={_address()}",
    )


def test_it_only_answers_questions(ada: Profile) -> None:
    assert browser_of(ada).post(_address()).status_code == 405


@pytest.mark.parametrize("reference", ["AAAA-AAAA", "aaaa-aaaa", "----"])
def test_a_reference_that_nobody_has(ada: Profile, reference: str) -> None:
    address = reverse("avatars:upload_status", args=[reference])
    assert browser_of(ada).get(address).status_code == 404


@pytest.mark.parametrize("reference", ["%00%00%00%00", "..%2f..%2fx", "A" * 200])
def test_an_address_that_cannot_be(ada: Profile, reference: str) -> None:
    assert browser_of(ada).get(f"/me/pictures/{reference}/status/").status_code == 404
