"""Signing up, in and out."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from avatars.models import Profile
from tests.entrypoints.visitors import PASSWORD, browser_of, member

pytestmark = pytest.mark.django_db

GOOD = {"username": "ada", "password1": "engine-of-1843", "password2": "engine-of-1843"}


def test_joining_signs_in_and_makes_a_profile(client: Client) -> None:
    response = client.post(reverse("avatars:sign_up"), GOOD)

    assert (response.status_code, response.headers["Location"]) == (302, reverse("avatars:profile"))
    assert Profile.objects.get().user.username == "ada"
    assert client.get(reverse("avatars:profile")).status_code == 200


@pytest.mark.parametrize(
    "wrong",
    [
        {"password2": "another"},
        {"password1": "12345678", "password2": "12345678"},
        {"username": ""},
        {"username": "a b"},
        {"username": "a\x00b"},
    ],
)
def test_a_mistake_is_named_and_nothing_is_made(client: Client, wrong: dict[str, str]) -> None:
    response = client.post(reverse("avatars:sign_up"), GOOD | wrong)

    assert response.status_code == 422
    assert "errorlist" in response.content.decode()
    assert not User.objects.exists()


def test_a_name_is_taken_whatever_its_case(client: Client) -> None:
    member("ada")

    assert client.post(reverse("avatars:sign_up"), GOOD | {"username": "ADA"}).status_code == 422


def test_who_is_a_member_already_need_not_join() -> None:
    response = browser_of(member()).get(reverse("avatars:sign_up"))
    assert response.headers["Location"] == reverse("avatars:profile")


def test_signing_in_leads_to_ones_own_page_and_out_to_the_members(client: Client) -> None:
    member()

    into = client.post(reverse("login"), {"username": "ada", "password": PASSWORD})
    out = client.post(reverse("logout"))

    assert into.headers["Location"] == reverse("avatars:profile")
    assert out.headers["Location"] == reverse("avatars:members")
    assert client.get(reverse("avatars:profile")).status_code == 302


def test_signing_in_leads_back_but_never_to_another_site(client: Client) -> None:
    member()
    account = {"username": "ada", "password": PASSWORD}

    back = client.post(reverse("login"), account | {"next": reverse("avatars:notices")})
    away = Client().post(reverse("login"), account | {"next": "//elsewhere.example/"})

    assert back.headers["Location"] == reverse("avatars:notices")
    assert away.headers["Location"] == reverse("avatars:profile")


def test_a_wrong_password(client: Client) -> None:
    member()

    response = client.post(reverse("login"), {"username": "ada", "password": "wrong"})

    assert "errorlist" in response.content.decode()


def test_an_account_from_the_command_line_gets_a_profile() -> None:
    root = User.objects.create_superuser("root", password=PASSWORD)
    browser = Client()
    browser.force_login(root)

    assert browser.get(reverse("avatars:profile")).status_code == 200


def test_an_unsafe_next_survives_in_no_link(client: Client) -> None:
    html = client.get(reverse("login") + '?next="><script>alert(1)</script>').content.decode()
    assert "<script>alert" not in html
