"""Every rejection, take-down and decision leaves its owner a notice."""

from __future__ import annotations

import pytest
from django.urls import reverse

from avatars.models import Profile
from moderation import api
from moderation.models import Appeal, Blocklist, Upload
from moderation.services.desk import review
from tests import pictures
from tests.entrypoints.visitors import browser_of, member, send

pytestmark = pytest.mark.django_db(transaction=True)

PICTURE = pictures.encode(pictures.scene(1))
POLICY = "No advertising in pictures of members."
MODERATOR, OTHER = "101", "102"


@pytest.fixture
def ada() -> Profile:
    Blocklist.objects.filter(slug="default").update(policy_text=POLICY)
    return member()


def _page(profile: Profile) -> str:
    return browser_of(profile).get(reverse("avatars:notices")).content.decode()


def test_without_any(ada: Profile) -> None:
    assert "Nothing here" in _page(ada)


def test_a_rejection_by_the_machine(ada: Profile) -> None:
    api.ban(PICTURE)
    send(ada, PICTURE)
    upload = Upload.objects.get()

    html = _page(ada)

    assert "A picture was turned down" in html
    assert POLICY in html
    assert upload.reference in html
    assert upload.submitted_at.strftime("%Y") in html
    assert "an automatic check" in html
    assert reverse("avatars:review", args=[upload.reference]) in html


def test_a_take_down(ada: Profile) -> None:
    send(ada, PICTURE)
    api.ban(PICTURE)

    html = _page(ada)

    assert "Your picture was taken down" in html
    assert POLICY in html


def test_decisions_by_a_person(ada: Profile) -> None:
    api.ban(PICTURE)
    send(ada, PICTURE)
    upload = Upload.objects.get()
    api.ask_for_review(upload.reference, owner=ada.user, text="It is my own cat.")
    review.answer_appeal(appeal_id=Appeal.objects.get().pk, actor_id=OTHER, grant=True)

    html = _page(ada)

    assert "review was granted" in html
    assert "a moderator" in html


def test_a_denied_review(ada: Profile) -> None:
    api.ban(PICTURE)
    send(ada, PICTURE)
    api.ask_for_review(Upload.objects.get().reference, owner=ada.user, text="It is my own cat.")
    review.answer_appeal(appeal_id=Appeal.objects.get().pk, actor_id=OTHER, grant=False)

    assert "review was turned down" in _page(ada)
    panel = browser_of(ada).get(reverse("avatars:profile")).content.decode()
    assert "the decision stands" in panel


def test_seen_once_they_are_no_news(ada: Profile) -> None:
    api.ban(PICTURE)
    send(ada, PICTURE)
    browser = browser_of(ada)

    assert 'class="unseen"> unread' in browser.get(reverse("avatars:members")).content.decode()
    first = browser.get(reverse("avatars:notices")).content.decode()
    second = browser.get(reverse("avatars:notices")).content.decode()

    assert '<span class="badge">new</span>' in first
    assert '<span class="badge">new</span>' not in second
    assert 'class="unseen"> unread' not in second


def test_asking_with_head_marks_nothing(ada: Profile) -> None:
    api.ban(PICTURE)
    send(ada, PICTURE)

    browser_of(ada).head(reverse("avatars:notices"))

    assert api.notices_for(ada.user, unread_only=True)


def test_new_ones_stand_on_ones_own_page(ada: Profile) -> None:
    send(ada, PICTURE)
    api.ban(PICTURE)

    assert "Your picture was taken down" in browser_of(ada).get(reverse("avatars:profile")).content.decode()


def test_nobody_reads_anothers(ada: Profile) -> None:
    api.ban(PICTURE)
    send(ada, PICTURE)

    assert Upload.objects.get().reference not in _page(member("outsider"))
    assert browser_of(None).get(reverse("avatars:notices")).status_code == 302
