"""The numbers of a period, against a month that is written down by hand."""

from __future__ import annotations

import csv
import json
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from moderation.models import Appeal, Decision, Match, Refusal, Report, Screening, Upload
from moderation.selectors import transparency
from tests.entrypoints.desk import at_the_desk

pytestmark = pytest.mark.django_db(transaction=True)
START = datetime(2026, 3, 1, tzinfo=UTC)
END = datetime(2026, 4, 1, tzinfo=UTC)


def _upload(number: int, at: datetime) -> Upload:
    return Upload.objects.create(
        reference=f"REF{number:05}",
        sha256=bytes(32),
        size=1,
        format="PNG",
        width=1,
        height=1,
        submitted_at=at,
    )


@pytest.fixture(autouse=True)
def _month() -> None:
    """Write a month: rows of the history are dated when they are made, since none is changed afterwards."""
    at = START

    def said(kind: str, upload: Upload, when: datetime, **more: object) -> Decision:
        return Decision.objects.create(
            kind=kind, upload_id=upload.pk, revision=1, actor_id="7", created_at=when, **more
        )

    def judged(
        upload: Upload, seconds: float, verdict: str, reason: str, occasion: str = "upload"
    ) -> Screening:
        return Screening.objects.create(
            upload_id=upload.pk,
            revision=1 if occasion == "upload" else 2,
            verdict=verdict,
            reason=reason,
            occasion=occasion,
            created_at=upload.submitted_at + timedelta(seconds=seconds),
        )

    day = timedelta(days=1)
    allowed, held, blocked, overturned, later = (_upload(n, at + n * day) for n in range(5))
    early, late = _upload(8, START - timedelta(seconds=1)), _upload(9, END)
    judged(allowed, 1, "allow", "no_match")
    judged(held, 2, "hold", "near_copy")
    for one, seconds in ((blocked, 3), (overturned, 10)):
        screening = judged(one, seconds, "block", "copy")
        Match.objects.create(
            screening=screening,
            banned_id=1,
            blocklist="default",
            action="block",
            method="sha256",
            distance=0,
            radius=0,
            band="exact",
        )
    judged(later, 1, "allow", "no_match")
    judged(later, 60, "block", "exact_copy", "rescan")
    judged(early, 0, "allow", "no_match")
    judged(late, 0, "block", "copy")
    said("approve", held, held.submitted_at + timedelta(seconds=102))
    taken_back = said("reject", allowed, at + 5 * day)
    said("undo", allowed, at + 5 * day, undoes_id=taken_back.pk)
    said("grant", overturned, at + 6 * day)
    said("reject", late, END + day)
    Refusal.objects.create(reason="truncated", size=1, sha256=bytes(32), created_at=at + day)
    Appeal.objects.create(upload=blocked, created_at=at + day)
    Appeal.objects.create(
        upload=overturned,
        status="granted",
        created_at=at + 4 * day,
        answered_at=at + 4 * day + timedelta(hours=2),
    )
    Report.objects.create(
        upload=allowed, reference="REP1", status="kept", created_at=at, answered_at=at + timedelta(hours=1)
    )
    Report.objects.create(
        upload=allowed, reference="REP2", status="acted", created_at=at, answered_at=at + timedelta(hours=4)
    )
    Report.objects.create(upload=allowed, reference="REP3", created_at=END)


EXPECTED = {
    "from": "2026-03-01T00:00:00+00:00",
    "to": "2026-04-01T00:00:00+00:00",
    "uploads": 5,
    "machine": {"allow": 2, "block": 2, "hold": 1},
    "reasons": {"copy": 2, "near_copy": 1},
    "later": {"block": 1},
    "lists": {"default": 2},
    "door": {"truncated": 1},
    "person": {"approve": 1, "grant": 1},
    "reports": {"received": 2, "acted": 1, "kept": 1},
    "appeals": {"asked": 2, "granted": 1, "open": 1},
    "seconds": {"verdict": 2.0, "decision": 100.0, "appeal": 7200.0, "report": 9000.0},
    "errors": {"rejected_by_machine": 3, "published_later": 1, "rate": 0.3333},
}


def _command(*arguments: str) -> str:
    out = StringIO()
    call_command("transparency", "--from", "2026-03-01", "--to", "2026-03-31", *arguments, stdout=out)
    return out.getvalue()


def test_a_month_comes_to_what_was_written_down() -> None:
    assert transparency.figures(START, END) == EXPECTED


def test_the_command_gives_the_same_as_json_and_as_csv_and_in_words() -> None:
    assert json.loads(_command("--json")) == {"ok": True, **EXPECTED}

    table = list(csv.reader(StringIO(_command("--csv"))))

    assert table[0] == ["group", "name", "value"]
    assert ["machine", "block", "2"] in table
    assert ["seconds", "report", "9000.0"] in table
    assert "errors rate" in _command()


def test_a_quiet_time_has_no_rate_and_no_median() -> None:
    found = transparency.figures(END + timedelta(days=90), END + timedelta(days=99))

    assert found["errors"] == {"rejected_by_machine": 0, "published_later": 0, "rate": None}
    assert set(found["seconds"].values()) == {None}


@pytest.mark.parametrize(
    "arguments",
    [
        ("--from", "2026-03-02", "--to", "2026-03-01"),
        ("--from", "yesterday", "--to", "2026-03-01"),
        ("--from", "2026-03-01"),
        ("--from", "2026-03-01", "--to", "2026-03-31", "--csv", "--json"),
    ],
)
def test_days_that_make_no_sense_are_wrong_usage(arguments: tuple[str, ...]) -> None:
    with pytest.raises(CommandError) as wrong:
        call_command("transparency", *arguments, stdout=StringIO())
    assert wrong.value.returncode in (1, 2)


def test_the_page_shows_them_to_auditors() -> None:
    address = reverse("admin:moderation_transparency")

    page = at_the_desk("auditor").get(address, {"first": "2026-03-01", "last": "2026-03-31"})

    text = page.content.decode()
    assert "First verdicts of the machine" in text
    assert "0.3333" in text
    assert (
        "lies before"
        in at_the_desk("auditor").get(address, {"first": "2026-03-02", "last": "2026-03-01"}).content.decode()
    )
    assert at_the_desk("auditor").get(address, {"first": "x", "last": ""}).status_code == 200
    assert at_the_desk("auditor").get(address).status_code == 200
    assert at_the_desk("uploader").get(address).status_code == 302
