"""The audit log: filters, pages by key, explanation, export."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from moderation.models import Decision, Screening
from moderation.selectors import audit
from moderation.selectors.audit_filters import AuditFilter
from moderation.services.history import decisions, sealing
from moderation.services.uploads import intake
from tests.entrypoints.desk import at_the_desk, ban, public_upload, rejected_upload

pytestmark = pytest.mark.django_db
LOG = "admin:moderation_screening_changelist"


def _log(client: Client | None = None, **query: Any) -> list[Any]:
    page = (client or at_the_desk("auditor")).get(reverse(LOG), query)
    assert page.status_code == 200, page.context["form"].errors
    return list(page.context["rows"])


def _kinds(rows: list[Any]) -> list[str]:
    return sorted({row.kind for row in rows})


@pytest.fixture
def history() -> dict[str, Any]:
    rejected, public = rejected_upload(3, "bob"), public_upload(4, "cleo")
    submitter = intake.Submitter.of(public_owner(public), address="192.0.2.7")
    intake.refuse(reason="not_an_image", size=7, digest=b"x" * 32, submitter=submitter, door="upload")
    return {"rejected": rejected, "public": public}


def public_owner(upload: Any) -> Any:
    from django.contrib.auth.models import User

    return User.objects.get(pk=upload.owner_id)


def test_everything_is_in_one_log(history: dict[str, Any]) -> None:
    assert _kinds(_log()) == ["blocklistchange", "decision", "refusal", "screening"]


@pytest.mark.parametrize(
    ("query", "kinds"),
    [
        ({"kind": "screening"}, ["screening"]),
        ({"user": "bob"}, ["screening"]),
        ({"user": "cleo"}, ["refusal", "screening"]),
        ({"user": "nobody"}, []),
        ({"verdict": "block"}, ["screening"]),
        ({"verdict": "hold"}, []),
        ({"method": "dhash256/1", "distance_to": "40"}, ["screening"]),
        ({"distance_from": "200"}, []),
        ({"blocklist": "default"}, ["blocklistchange", "screening"]),
        ({"decision": "ban"}, ["decision"]),
        ({"change": "ban"}, ["blocklistchange"]),
        ({"moderator": "nobody"}, []),
        ({"reason": "not_an_image"}, ["refusal"]),
        ({"since": "2001-01-01", "until": "2001-01-02"}, []),
        ({"revision": "1"}, ["blocklistchange", "decision", "screening"]),
        ({"reference": "NONE-SUCH"}, []),
    ],
)
def test_the_log_is_searched(history: dict[str, Any], query: dict[str, Any], kinds: list[str]) -> None:
    assert _kinds(_log(**query)) == kinds


def test_a_reference_finds_all_about_one_upload(history: dict[str, Any]) -> None:
    rows = _log(reference=history["rejected"].reference.lower())
    assert {row.reference for row in rows} == {history["rejected"].reference}


def test_an_entry_finds_its_ban_and_its_hits(history: dict[str, Any]) -> None:
    banned = Screening.objects.get(verdict="block").matches.all()[0].banned_id
    assert _kinds(_log(banned=banned)) == ["blocklistchange", "decision", "screening"]


@pytest.mark.parametrize(
    "query",
    [{"kind": "users"}, {"banned": "x"}, {"distance_to": "-1"}, {"since": "yesterday"}, {"blocklist": "a b"}],
)
def test_a_wrong_filter_is_said_and_is_no_error_500(query: dict[str, str]) -> None:
    assert at_the_desk("auditor").get(reverse(LOG), query).status_code == 400


@pytest.mark.parametrize(
    "after", ["x", "1.screening", "9" * 40 + ".screening.1", "1.users.1", "1.screening." + "9" * 40]
)
def test_a_wrong_page_mark_is_the_first_page_or_an_empty_one(history: dict[str, Any], after: str) -> None:
    assert at_the_desk("auditor").get(reverse(LOG), {"after": after}).status_code == 200


def test_pages_follow_one_another_without_a_gap() -> None:
    for _number in range(23):
        decisions.record(kind="approve", actor_id="1", revision=0)
    ban(1)
    seen, after = [], ""
    while True:
        found = audit.page(AuditFilter(), after=after, size=4)
        seen += [(audit.kind_of(row), row.pk) for row in found.rows]
        if not found.next:
            break
        after = found.next
    assert len(seen) == len(set(seen)) == 25
    assert [pair for pair in seen if pair[0] == "decision"] == sorted(
        (pair for pair in seen if pair[0] == "decision"), reverse=True
    )


def test_ties_in_time_are_neither_lost_nor_doubled() -> None:
    from django.utils import timezone

    moment = timezone.now()
    for number in range(11):
        Decision(kind="approve", actor_id="1", revision=number, created_at=moment).save()
    seen, after = [], ""
    while True:
        found = audit.page(AuditFilter(), after=after, size=3)
        seen += [row.pk for row in found.rows]
        if not found.next:
            break
        after = found.next
    assert seen == sorted(seen, reverse=True)
    assert len(seen) == 11


def test_a_screening_explains_itself(history: dict[str, Any]) -> None:
    screening = Screening.objects.get(verdict="block")
    page = at_the_desk("auditor").get(reverse("admin:moderation_screening_change", args=[screening.pk]))
    leading = page.context["leading"]
    assert f"{leading.distance} bits" in page.context["sentence"]
    different = [kind for _x, _y, kind in page.context["bits"] if kind in ("new", "gone")]
    assert len(different) == leading.distance
    assert b"not sealed yet" in page.content
    sealing.seal()
    page = at_the_desk("auditor").get(reverse("admin:moderation_screening_change", args=[screening.pk]))
    assert page.context["seal"].record_id == screening.pk


@pytest.mark.parametrize("kind", ["decision", "refusal", "blocklistchange"])
def test_every_kind_has_its_page(history: dict[str, Any], kind: str) -> None:
    row = _log(kind=kind)[0]
    assert at_the_desk("auditor").get(row.url).status_code == 200


def _export(**query: Any) -> str:
    answer: Any = at_the_desk("auditor").get(reverse("admin:moderation_screening_export"), query)
    assert answer.streaming
    return b"".join(answer.streaming_content).decode()


def test_what_is_filtered_is_exported(history: dict[str, Any]) -> None:
    rows = list(csv.DictReader(io.StringIO(_export(kind="screening", verdict="block"))))
    assert [row["outcome"] for row in rows] == ["block"]
    assert rows[0]["reference"] == history["rejected"].reference
    lines = [json.loads(line) for line in _export(format="jsonl").splitlines()]
    assert sorted({line["kind"] for line in lines}) == ["blocklistchange", "decision", "refusal", "screening"]


def test_a_spreadsheet_finds_no_formula_in_a_note() -> None:
    decisions.record(kind="approve", actor_id="1", revision=0, note='=HYPERLINK("http://evil.example")')
    row = next(csv.DictReader(io.StringIO(_export())))
    assert row["note"].startswith("'=")


def test_the_numbers_beside_verdicts_stop_counting(history: dict[str, Any], monkeypatch: Any) -> None:
    monkeypatch.setattr(audit, "CAP", 1)
    assert audit.verdict_facets(AuditFilter()) == {"allow": 1, "hold": 0, "block": 1, "refused": 0}
