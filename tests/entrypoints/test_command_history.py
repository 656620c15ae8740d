"""``verify_audit``, ``sweep`` and ``rescan``."""

from __future__ import annotations

import pytest
from django.db import connection

from moderation import api
from moderation.dispatch.inline import InlineDispatcher
from moderation.models import BannedImage, Decision, Rescan
from moderation.services.history import triggers
from tests import pictures
from tests.entrypoints.commands import run
from tests.services.people import member, send

pytestmark = pytest.mark.django_db(transaction=True)


def test_an_untouched_history_verifies() -> None:
    api.ban(pictures.encode(pictures.scene(1)))

    line = run("verify_audit").line

    assert (line["ok"], line["faults"]) == (True, [])
    assert line["rows"] == line["unsealed"] == 2
    assert line["head"].startswith("2:")


def test_a_changed_row_is_found() -> None:
    api.ban(pictures.encode(pictures.scene(1)))
    run("verify_audit")
    triggers.remove()
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE {Decision._meta.db_table} SET actor_id = 'somebody'")

    outcome = run("verify_audit")

    assert outcome.status == 1
    assert [fault["kind"] for fault in outcome.line["faults"]] == ["changed"]
    assert (outcome.line["ok"], outcome.line["error"]) == (False, "history")


def test_a_cut_tail_shows_against_an_earlier_head() -> None:
    from moderation.models import BlocklistChange, Seal

    api.ban(pictures.encode(pictures.scene(1)))
    head = run("verify_audit").line["head"]
    triggers.remove()
    with connection.cursor() as cursor:
        for model in (Seal, Decision, BlocklistChange):
            cursor.execute(f"DELETE FROM {model._meta.db_table}")

    assert run("verify_audit").status == 0
    outcome = run("verify_audit", "--head", head)

    assert (outcome.status, [fault["kind"] for fault in outcome.line["faults"]]) == (1, ["cut"])


def test_a_head_that_is_none_is_wrong_usage() -> None:
    assert run("verify_audit", "--head", "nonsense").status == 2


def test_sweep_finds_what_was_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(InlineDispatcher, "screen", lambda *_arguments: None)
        upload = send(pictures.encode(pictures.scene(1)), who=member())
    assert upload.status == "pending"

    early, late = run("sweep"), run("sweep", "--older-than", 0)

    upload.refresh_from_db()
    assert (early.line["found"], late.line["found"], late.line["redispatched"]) == (0, 1, 1)
    assert upload.status == "approved"


def test_sweep_refuses_numbers_that_make_no_sense() -> None:
    assert run("sweep", "--limit", 0).status != 0


def test_rescan_finishes_what_a_ban_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    upload = send(pictures.encode(pictures.scene(1)), who=member())
    with monkeypatch.context() as patch:
        patch.setattr(InlineDispatcher, "rescan", lambda *_arguments: None)
        api.ban(pictures.encode(pictures.scene(1)))
    upload.refresh_from_db()
    assert upload.status == "approved"

    line = run("rescan", "--open").line

    upload.refresh_from_db()
    assert upload.status == "rejected"
    assert (line["examined"], line["hits"], line["taken_down"], line["held"]) == (1, 1, 1, 0)
    assert not Rescan.objects.filter(status="open").exists()


def test_rescan_of_one_list() -> None:
    send(pictures.encode(pictures.scene(1)), who=member())
    api.ban(pictures.encode(pictures.scene(2)))

    line = run("rescan", "--blocklist", "default").line

    assert (line["rescans"], line["hits"]) == (1, 0)
    assert run("rescan", "--blocklist", "nope").status == 2
    last = max(BannedImage.objects.values_list("pk", flat=True))
    assert run("rescan", "--banned", last + 1).status == 2
