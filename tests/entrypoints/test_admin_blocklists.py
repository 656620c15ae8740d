"""Blocklists in admin are saved through the service."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse

from moderation.models import Blocklist, BlocklistChange, Rescan
from tests.entrypoints.desk import at_the_desk, second_confirms

pytestmark = pytest.mark.django_db


def _save(role: str = "senior", **changes: Any) -> Any:
    blocklist = Blocklist.objects.get(slug="default")
    fields = {
        "name": blocklist.name,
        "action": blocklist.action,
        "policy_text": blocklist.policy_text,
        "keep_evidence": "on",
    }
    for field in Blocklist._meta.get_fields():
        if field.concrete and field.name not in {*fields, "id", "slug", "radii", "created_at"}:
            fields[field.name] = getattr(blocklist, field.name)
    url = reverse("admin:moderation_blocklist_change", args=[blocklist.pk])
    return at_the_desk(role).post(url, fields | changes)


def test_radii_are_saved_with_a_revision_and_reach_back() -> None:
    answer = _save(radii_dhash256_block="20", radii_dhash256_hold="30")
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    assert Blocklist.objects.get(slug="default").radii == {}
    second_confirms()
    assert Blocklist.objects.get(slug="default").radii == {"dhash256": [20, 30]}
    assert BlocklistChange.objects.get().kind == "list"
    assert Rescan.objects.count() == 2


@pytest.mark.parametrize(
    "radii",
    [
        {"radii_dhash256_block": "31", "radii_dhash256_hold": "30"},
        {"radii_dhash256_block": "20"},
        {"radii_dhash256_hold": "257"},
        {"radii_dhash256_hold": "-1"},
        {"radii_dhash256_hold": "many"},
    ],
)
def test_radii_out_of_order_or_range_are_refused(radii: dict[str, str]) -> None:
    answer = _save(**radii)
    assert answer.status_code == 200
    assert "radii" in answer.context["adminform"].form.errors
    assert not BlocklistChange.objects.exists()


def test_a_new_policy_text_is_in_the_history_and_searches_for_nothing() -> None:
    _save(policy_text="No such pictures here.")
    assert Blocklist.objects.get(slug="default").policy_text == "No such pictures here."
    assert BlocklistChange.objects.get().detail["policy_text"] == "No such pictures here."
    assert not Rescan.objects.exists()


def test_a_new_name_is_no_change() -> None:
    _save(name="Pictures")
    assert Blocklist.objects.get(slug="default").name == "Pictures"
    assert not BlocklistChange.objects.exists()


@pytest.mark.parametrize("role", ["auditor", "moderator"])
def test_only_seniors_change_lists(role: str) -> None:
    assert _save(role, name="Mine").status_code == 403
    assert Blocklist.objects.get(slug="default").name == "Default"


def test_the_short_name_stays() -> None:
    _save(slug="other")
    assert Blocklist.objects.filter(slug="default").exists()
