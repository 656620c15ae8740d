"""Keys of the HTTP API on the desk."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from moderation.exceptions import KeyRefused
from moderation.models import ApiKey
from moderation.services.access import keys
from tests.entrypoints.desk import at_the_desk, colleague

pytestmark = pytest.mark.django_db
ADD = "admin:moderation_apikey_add"
FORM = {"name": "shop", "scopes": ["screen", "match"], "tenant": "acme", "per_minute": "60"}


def _operator() -> Client:
    user = colleague("senior", "olga")
    user.user_permissions.add(*Permission.objects.filter(content_type__model="apikey"))
    client = Client()
    client.force_login(user)
    return client


def test_a_key_is_shown_once_and_kept_nowhere() -> None:
    client = _operator()

    page = client.post(reverse(ADD), FORM)

    token = re.search(r"ib_[\w-]+", page.content.decode())
    assert token is not None
    assert keys.authenticate(token[0]).scopes == ["screen", "match"]
    assert ApiKey.objects.get().created_by
    assert "no-store" in page["Cache-Control"]
    assert token[0] not in client.get(reverse("admin:moderation_apikey_changelist")).content.decode()
    assert token[0] not in str(client.session.items()) + str(client.cookies)


def test_the_scope_that_lowers_is_not_offered() -> None:
    page = _operator().post(reverse(ADD), FORM | {"scopes": ["lower"]})

    assert "scopes" in page.context["adminform"].form.errors
    assert not ApiKey.objects.exists()


@pytest.mark.parametrize(
    "wrong", [{"tenant": "A-B"}, {"expires_at_0": "2001-01-01", "expires_at_1": "00:00"}, {"name": ""}]
)
def test_unsuitable_keys_are_marked_in_the_form(wrong: dict[str, str]) -> None:
    assert _operator().post(reverse(ADD), FORM | wrong).context["adminform"].form.errors
    assert not ApiKey.objects.exists()


def test_a_key_is_withdrawn_from_the_list() -> None:
    key = keys.create(name="shop", scopes=["screen"])

    _operator().post(
        reverse("admin:moderation_apikey_changelist"), {"action": "withdraw", "_selected_action": [key.pk]}
    )

    with pytest.raises(KeyRefused):
        keys.authenticate(key.token)


@pytest.mark.parametrize("role", ["anonymous", "uploader", "auditor", "moderator", "senior"])
def test_no_role_has_keys_by_default(role: str) -> None:
    keys.create(name="old", scopes=["screen"])
    client = at_the_desk(role)

    assert client.get(reverse(ADD)).status_code in (302, 403)
    assert client.post(reverse(ADD), FORM).status_code in (302, 403)
    assert client.get(reverse("admin:moderation_apikey_changelist")).status_code in (302, 403)
    assert ApiKey.objects.count() == 1
