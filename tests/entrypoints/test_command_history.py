"""``verify_audit``, ``sweep`` and ``rescan``."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from moderation import api
from moderation.dispatch.inline import InlineDispatcher
from moderation.models import BannedImage, BlocklistChange, Decision, Rescan, Revision, Seal
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


def test_a_restored_backup_is_told_from_the_head_that_was_kept() -> None:
    api.ban(pictures.encode(pictures.scene(1)))
    backup = run("verify_audit").line["head"]
    api.ban(pictures.encode(pictures.scene(2)))
    head = run("verify_audit").line["head"]
    _restore(backup)

    restored = run("verify_audit", "--head", head)
    assert (
        "ends at 2: its tail was cut off, or an older backup was restored"
        in restored.line["faults"][0]["message"]
    )
    api.ban(pictures.encode(pictures.scene(3)))

    went_on = run("verify_audit", "--head", head)

    assert [fault["kind"] for fault in went_on.line["faults"]] == ["cut"]
    assert "an older backup was restored and went on" in went_on.line["faults"][0]["message"]
    assert run("verify_audit", "--head", backup).status == 0


def _restore(head: str) -> None:
    """Bring the tables of the history back to where a head was printed."""
    triggers.remove()
    kept = Seal.objects.filter(position__lte=int(head.partition(":")[0]))
    with connection.cursor() as cursor:
        for model in (Decision, BlocklistChange):
            ids = list(kept.filter(kind=model._meta.model_name).values_list("record_id", flat=True))
            cursor.execute(f"DELETE FROM {model._meta.db_table} WHERE id > {max(ids)}")
        cursor.execute(f"DELETE FROM moderation_seal WHERE position > {kept.count()}")
    last = BlocklistChange.objects.latest("revision")
    Revision.objects.update(number=last.revision, token=last.token)
    triggers.install()


def test_since_a_head_only_what_came_later_is_looked_at() -> None:
    api.ban(pictures.encode(pictures.scene(1)))
    head = run("verify_audit").line["head"]
    api.ban(pictures.encode(pictures.scene(2)))
    triggers.remove()
    first = Decision.objects.earliest("pk").pk
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE moderation_decision SET actor_id = '9' WHERE id = {first}")

    assert run("verify_audit").status == 1
    line = run("verify_audit", "--since", head).line
    assert (line["ok"], line["rows"]) == (True, 2)

    with connection.cursor() as cursor:
        cursor.execute("UPDATE moderation_decision SET actor_id = '9'")

    assert [fault["kind"] for fault in run("verify_audit", "--since", head).line["faults"]] == ["changed"]
    assert run("verify_audit", "--since", "nonsense").status == 2


def test_what_is_not_as_the_history_says_is_named() -> None:
    banned = api.ban(pictures.encode(pictures.scene(1))).banned
    line = run("verify_audit", "--state").line
    assert (line["ok"], line["differences"]) == (True, [])
    BannedImage.objects.update(exact_only=True)

    outcome = run("verify_audit", "--state")

    assert (outcome.status, outcome.line["error"]) == (1, "state")
    assert outcome.line["differences"] == [
        {"what": f"entry {banned.pk}", "column": "exact_only", "stands": True, "history": False}
    ]
    assert "differences" not in run("verify_audit").line


def test_who_vouches_for_what_stands_is_believed() -> None:
    banned = api.ban(pictures.encode(pictures.scene(1))).banned
    BannedImage.objects.update(exact_only=True)

    line = run("verify_audit", "--accept", "--state").line

    assert (line["ok"], line["differences"]) == (True, [])
    BannedImage.objects.filter(pk=banned.pk).update(exact_only=False)
    assert run("verify_audit", "--state").status == 1


def _keys(settings: Any, key: str, *fallbacks: str) -> None:
    settings.MODERATION = {**settings.MODERATION, "SEAL_KEY": key, "SEAL_KEY_FALLBACKS": list(fallbacks)}


def test_the_key_is_changed_and_the_old_history_verifies(settings: Any) -> None:
    _keys(settings, "first")
    api.ban(pictures.encode(pictures.scene(1)))
    head = run("verify_audit").line["head"]
    _keys(settings, "second", "first")
    api.ban(pictures.encode(pictures.scene(2)))
    waiting = run("verify_audit", "--head", head)
    assert [fault["kind"] for fault in waiting.line["faults"]] == ["key"]

    line = run("rotate_seal_key").line

    assert (line["ok"], line["rotated"], line["sealed"]) == (True, True, 2)
    assert run("verify_audit", "--head", head).line["faults"] == []
    assert run("verify_audit", "--since", head).line["faults"] == []
    assert run("rotate_seal_key").line["rotated"] is False
    _keys(settings, "third", "second", "first")
    api.ban(pictures.encode(pictures.scene(3)))
    assert run("rotate_seal_key").line["rotated"]
    assert run("verify_audit", "--head", line["head"]).line["faults"] == []
    assert run("verify_audit", "--since", line["head"]).line["faults"] == []


def test_who_has_the_old_key_cannot_go_on_with_it(settings: Any) -> None:
    _keys(settings, "first")
    api.ban(pictures.encode(pictures.scene(1)))
    run("verify_audit")
    _keys(settings, "second", "first")
    run("rotate_seal_key")
    switch = Seal.objects.get(kind="key")
    _keys(settings, "first")
    late = Decision.objects.create(
        kind="approve", actor_id="7", revision=1, created_at=switch.sealed_at + timedelta(minutes=6)
    )
    _keys(settings, "second", "first")
    faults = run("verify_audit").line["faults"]
    assert [(fault["kind"], fault["record"]) for fault in faults] == [("forged", f"decision {late.pk}")]


def test_a_chain_that_goes_on_with_the_old_key_is_found(settings: Any) -> None:
    _keys(settings, "first")
    api.ban(pictures.encode(pictures.scene(1)))
    run("verify_audit")
    _keys(settings, "second", "first")
    run("rotate_seal_key")
    triggers.remove()
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM moderation_seal WHERE kind = 'key'")
    _keys(settings, "first")
    api.ban(pictures.encode(pictures.scene(2)))
    run("verify_audit")
    _keys(settings, "second", "first")

    assert [fault["kind"] for fault in run("verify_audit").line["faults"]] == ["key"]


def test_a_key_that_nobody_knows_changes_nothing(settings: Any) -> None:
    _keys(settings, "first")
    api.ban(pictures.encode(pictures.scene(1)))
    head = run("verify_audit").line["head"]
    _keys(settings, "second")

    outcome = run("rotate_seal_key")

    assert (outcome.status, outcome.line["error"]) == (1, "seal_key_unknown")
    assert run("verify_audit", "--accept").status == 2
    _keys(settings, "first")
    assert run("verify_audit").line["head"] == head


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
