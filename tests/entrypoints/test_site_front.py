"""What stands before every view of the site: address, rates, sizes, headers."""

from __future__ import annotations

import io
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import URLResolver, get_resolver, reverse

from config.front import ANONYMOUS_BYTES, MEBIBYTE, ClientAddress
from moderation.forms.bans import MOST_FILES
from tests.entrypoints.desk import colleague
from tests.entrypoints.visitors import PASSWORD, browser_of, member

pytestmark = pytest.mark.django_db


@pytest.fixture
def limited(settings: Any) -> None:
    """Set the limits that the site has."""
    settings.RATELIMIT_ENABLE = True
    cache.clear()


@pytest.mark.parametrize(
    ("trusted", "peer", "forwarded", "client"),
    [
        ([], "10.0.0.1", "203.0.113.9", "10.0.0.1"),
        (["10.0.0.0/8"], "10.0.0.1", "203.0.113.9", "203.0.113.9"),
        (["10.0.0.0/8"], "10.0.0.1", "127.0.0.1, 203.0.113.9", "203.0.113.9"),
        (["10.0.0.0/8"], "10.0.0.1", "198.51.100.7, 203.0.113.9, 10.0.0.2", "203.0.113.9"),
        (["10.0.0.0/8"], "192.0.2.4", "203.0.113.9", "192.0.2.4"),
        (["10.0.0.0/8"], "10.0.0.1", "", "10.0.0.1"),
        (["10.0.0.0/8"], "10.0.0.1", "not an address", "10.0.0.1"),
        (["::1/128"], "::1", "2001:db8::5", "2001:db8::5"),
    ],
)
def test_only_trusted_proxies_say_who_the_client_is(
    settings: Any, trusted: list[str], peer: str, forwarded: str, client: str
) -> None:
    settings.TRUSTED_PROXIES = trusted
    request = HttpRequest()
    request.META.update(REMOTE_ADDR=peer, HTTP_X_FORWARDED_FOR=forwarded)

    ClientAddress(lambda request: HttpResponse())(request)

    assert request.META["REMOTE_ADDR"] == client


def _sign_in(username: str, address: str, password: str = "wrong") -> Any:
    fields = {"username": username, "password": password}
    return Client(REMOTE_ADDR=address).post(reverse("login"), fields)


@pytest.mark.usefixtures("limited")
def test_an_address_may_sign_in_twenty_times_a_minute() -> None:
    answers = [_sign_in(f"member{number}", "192.0.2.1") for number in range(21)]

    assert [answer.status_code for answer in answers] == [200] * 20 + [429]
    assert 1 <= int(answers[-1]["Retry-After"]) <= 60
    assert b"too often" in answers[-1].content
    assert _sign_in("member0", "192.0.2.2").status_code == 200


@pytest.mark.usefixtures("limited")
def test_an_account_may_be_signed_in_to_sixty_times_an_hour() -> None:
    answers = [_sign_in("ada", f"192.0.2.{number}") for number in range(61)]

    assert [answer.status_code for answer in answers] == [200] * 60 + [429]


@pytest.mark.usefixtures("limited")
def test_pages_that_are_only_read_are_not_counted() -> None:
    assert {Client().get(reverse("login")).status_code for _ in range(25)} == {200}


@pytest.mark.usefixtures("limited")
@pytest.mark.parametrize(("page", "most"), [("password_reset", 5), ("avatars:sign_up", 10)])
def test_forms_of_visitors_are_limited(page: str, most: int) -> None:
    answers = [Client().post(reverse(page), {"email": f"{n}@example.org"}) for n in range(most + 1)]

    assert answers[-2].status_code != 429
    assert answers[-1].status_code == 429


def test_ten_wrong_passwords_lock_the_account_for_that_address_alone(settings: Any) -> None:
    settings.AXES_ENABLED = True
    ada = member("ada")
    refused = [_sign_in("ada", "192.0.2.1").status_code for _ in range(10)]

    assert refused == [200] * 9 + [429]
    assert _sign_in("ada", "192.0.2.1", PASSWORD).status_code == 429
    elsewhere = _sign_in("ada", "192.0.2.2", PASSWORD)
    assert (elsewhere.status_code, elsewhere["Location"]) == (302, reverse("avatars:profile"))
    assert ada.user.is_active


class Body(io.RawIOBase):
    """A body that notes whether it is read, and breaks off then."""

    was_read = False

    def read(self, *_: Any) -> bytes:
        self.was_read = True
        raise OSError("the client is gone")


def _refused_unread(client: Client, path: str, length: int) -> bool:
    body = Body()
    environ: dict[str, Any] = {
        "CONTENT_TYPE": "multipart/form-data; boundary=x",
        "CONTENT_LENGTH": str(length),
        "wsgi.input": body,
    }
    client.raise_request_exception = False
    answer = client.generic("POST", path, **environ)
    assert (answer.status_code == 413) != body.was_read
    return not body.was_read


@pytest.mark.parametrize(
    "page", ["login", "avatars:sign_up", "avatars:members", "admin:login", "avatars:profile"]
)
def test_a_visitor_sends_at_most_a_megabyte(page: str) -> None:
    assert _refused_unread(Client(), reverse(page), 400 * MEBIBYTE)


def test_nobody_sends_more_than_a_form_can_hold() -> None:
    ada = browser_of(member("ada"))
    desk = Client()
    desk.force_login(colleague("moderator"))

    ban = reverse("admin:moderation_bannedimage_add")
    assert _refused_unread(ada, reverse("avatars:notices"), 400 * MEBIBYTE)
    assert _refused_unread(desk, ban, (MOST_FILES + 1) * 20 * MEBIBYTE)
    assert not _refused_unread(desk, ban, 400 * MEBIBYTE)


def test_a_small_body_is_read() -> None:
    assert not _refused_unread(Client(), reverse("login"), ANONYMOUS_BYTES)


def _pages(resolver: URLResolver) -> list[str]:
    """Return the addresses of a resolver that take no arguments."""
    found = []
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLResolver):
            found += [f"{pattern.pattern}{rest}" for rest in _pages(pattern)]
        elif not pattern.pattern.regex.groups:
            found.append(str(pattern.pattern))
    return [page for page in found if "(?P" not in page and "<" not in page]


def test_every_page_has_a_policy() -> None:
    browser = Client()
    browser.force_login(User.objects.create_superuser("root"))

    pages = [page for page in _pages(get_resolver()) if not page.startswith("^")]
    answers = {page: browser.get(f"/{page}") for page in pages}

    assert len([answer for answer in answers.values() if answer.status_code == 200]) > 20
    for page, answer in answers.items():
        assert "default-src 'none'" in answer["Content-Security-Policy"], page
        assert "camera=()" in answer["Permissions-Policy"], page
        assert "unsafe" not in answer["Content-Security-Policy"] or page.startswith("moderation/media"), page
