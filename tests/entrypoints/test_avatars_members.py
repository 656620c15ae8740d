"""The members' page and each member's own."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from avatars.views import members
from tests import pictures
from tests.entrypoints.visitors import browser_of, member, send

pytestmark = pytest.mark.django_db(transaction=True)


def test_everybody_sees_the_members(client: Client) -> None:
    ada = member(display_name="Ada")
    send(ada, pictures.encode(pictures.scene(1)), display_name="Ada Lovelace")

    page = client.get(reverse("avatars:members"))

    assert page.status_code == 200
    assert "Ada Lovelace" in page.content.decode()
    assert ada.avatar.url in page.content.decode()


def test_without_members(client: Client) -> None:
    assert "Nobody yet" in client.get(reverse("avatars:members")).content.decode()


def test_members_with_a_picture_come_first(client: Client) -> None:
    send(member("first"), pictures.encode(pictures.scene(1)), display_name="With a picture")
    member("second", display_name="Without one")

    html = client.get(reverse("avatars:members")).content.decode()

    assert html.index("With a picture") < html.index("Without one")


def test_who_does_not_want_to_be_listed_is_not(client: Client) -> None:
    ada = member(display_name="Ada")
    ada.listed = False
    ada.save()

    assert "Ada" not in client.get(reverse("avatars:members")).content.decode()
    assert client.get(reverse("avatars:member", args=["ada"])).status_code == 404
    assert "Only you can see it" in browser_of(ada).get(reverse("avatars:profile")).content.decode()


def test_a_closed_account_is_gone(client: Client) -> None:
    ada = member()
    ada.user.is_active = False
    ada.user.save()

    assert client.get(reverse("avatars:member", args=["ada"])).status_code == 404


@pytest.mark.parametrize("name", ["nobody", "%00", "a%00b", "%2e%2e%2f", "x" * 151, "%F0%9F%98%80"])
def test_a_member_who_is_not_there(client: Client, name: str) -> None:
    assert client.get(f"/members/{name}/").status_code == 404


def test_every_name_that_an_account_can_have(client: Client) -> None:
    member("ümit.o+spam@example-1_x")
    assert client.get(reverse("avatars:member", args=["ümit.o+spam@example-1_x"])).status_code == 200


@pytest.mark.parametrize("page", ["", "2", "9999", "-1", "x", "%00"])
def test_any_page_number_shows_members(client: Client, page: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(members, "PER_PAGE", 2)
    for number in range(3):
        member(f"member{number}")

    response = client.get(f"{reverse('avatars:members')}?page={page}")

    assert response.status_code == 200
    assert "member0" in response.content.decode() or "member2" in response.content.decode()


def test_what_members_write_is_shown_as_text(client: Client) -> None:
    send(member(), None, display_name="<b>Ada</b>", about="<script>alert(1)</script>")

    for address in (reverse("avatars:members"), reverse("avatars:member", args=["ada"])):
        html = client.get(address).content.decode()
        assert "<b>Ada</b>" not in html
        assert "<script>alert" not in html


@pytest.mark.parametrize(
    ("name", "initials"),
    [("Ada Lovelace", "AL"), ("ada", "A"), ("  Jean  (de) la Fontaine ", "JF"), ("(!)", "("), ("Éa", "É")],
)
def test_initials(name: str, initials: str) -> None:
    assert member(display_name=name).initials == initials
