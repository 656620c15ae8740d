"""``manage.py api_key``."""

from __future__ import annotations

import pytest

from moderation.exceptions import KeyRefused
from moderation.models import ApiKey
from moderation.services.access import keys
from tests.entrypoints.commands import run

pytestmark = pytest.mark.django_db


def test_a_key_is_printed_once_and_works() -> None:
    made = run(
        "api_key",
        "create",
        "shop",
        "--scope",
        "screen",
        "--scope",
        "upload",
        "--tenant",
        "acme",
        "--days",
        30,
    )

    key = keys.authenticate(made.line["key"])
    assert (key.name, key.tenant, key.scopes) == ("shop", "acme", ["screen", "upload"])
    (listed,) = run("api_key", "list").lines
    assert listed["prefix"] == key.prefix
    assert "key" not in listed


def test_words_show_the_key_too() -> None:
    text = run("api_key", "create", "shop", "--scope", "screen", words=True).text

    assert keys.authenticate(text.split()[0]).name == "shop"


def test_a_withdrawn_key_ends_at_once() -> None:
    token = run("api_key", "create", "shop", "--scope", "screen").line["key"]

    assert run("api_key", "revoke", "shop").line["revoked_at"]
    with pytest.raises(KeyRefused):
        keys.authenticate(token)


def test_revoking_what_is_not_there_fails() -> None:
    outcome = run("api_key", "revoke", "nobody")

    assert (outcome.status, outcome.line["error"]) == (1, "unknown_key")


@pytest.mark.parametrize(
    "arguments",
    [
        ("create",),
        ("revoke",),
        ("create", "shop"),
        ("create", "shop", "--scope", "fly"),
        ("create", "shop", "--scope", "lower"),
        ("create", "shop", "--scope", "screen", "--days", 0),
        ("create", "shop", "--scope", "screen", "--per-minute", -1),
        ("create", "shop", "--scope", "screen", "--tenant", "A B"),
    ],
)
def test_wrong_usage_makes_no_key(arguments: tuple[object, ...]) -> None:
    assert run("api_key", *arguments).status == 2
    assert not ApiKey.objects.exists()
