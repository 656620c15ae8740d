"""The history is append-only, sealed, and forgets persons without breaking (I6)."""

from __future__ import annotations

from typing import Any

import pytest
from django.core import serializers
from django.db import DatabaseError, connection, transaction

from moderation import api
from moderation.exceptions import AppendOnly, ImageRefused
from moderation.models import AUDIT_MODELS, PersonalData, Refusal, Screening, Seal
from moderation.services.history import sealing, triggers, verification
from moderation.services.uploads import data_rights
from tests import pictures
from tests.services.people import member, send

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def some_history() -> int:
    """Write a ban, three screenings and a refusal; return the number of audit rows."""
    api.ban(pictures.encode(pictures.scene(1)))
    for seed in (1, 2, 3):
        send(pictures.encode(pictures.scene(seed)), who=member(), name="my holiday.jpg")
    with pytest.raises(ImageRefused):
        send(b"no picture", who=member())
    return sum(model._default_manager.count() for model in AUDIT_MODELS)


def _tamper(statement: str) -> None:
    """Do what an intruder with full access to the database can do."""
    triggers.remove()
    with connection.cursor() as cursor:
        cursor.execute(statement)
    triggers.install()


def _faults(head: str = "") -> set[str]:
    return {fault.kind for fault in verification.verify(head=head).faults}


def test_everything_is_sealed_and_verifies(some_history: int) -> None:
    report = verification.verify()

    assert (report.ok, report.rows, report.unsealed) == (True, some_history, some_history)
    again = verification.verify(head=report.head)
    assert (again.ok, again.unsealed) == (True, 0)


@pytest.mark.usefixtures("some_history")
@pytest.mark.parametrize(
    ("statement", "kind"),
    [
        ("UPDATE moderation_screening SET verdict = 'allow', reason = 'no_match'", "changed"),
        ("UPDATE moderation_match SET distance = 99", "changed"),
        ("DELETE FROM moderation_match", "changed"),
        ("DELETE FROM moderation_refusal", "missing"),
        ("UPDATE moderation_decision SET actor_id = '7'", "changed"),
        ("DELETE FROM moderation_seal WHERE position = 2", "gap"),
        ("UPDATE moderation_seal SET kind = 'decision' WHERE position = 1", "broken"),
        ("UPDATE moderation_personaldata SET owner_id = '999'", "personal"),
    ],
)
def test_what_was_done_to_the_tables_is_found(statement: str, kind: str) -> None:
    assert verification.verify().ok

    _tamper(statement)

    assert kind in _faults()


@pytest.mark.usefixtures("some_history")
def test_a_cut_tail_shows_against_an_earlier_head() -> None:
    head = verification.verify().head

    last = Seal.objects.latest("position")
    _tamper(f"DELETE FROM moderation_seal WHERE position = {last.position}")
    _tamper(f"DELETE FROM moderation_blocklistchange WHERE id = {last.record_id}")

    assert verification.verify().ok
    assert _faults(head) == {"cut"}


@pytest.mark.usefixtures("some_history")
def test_a_seal_of_another_key_is_found(settings: Any) -> None:
    sealing.seal()

    settings.MODERATION = {**settings.MODERATION, "SEAL_KEY": "somebody else's"}

    assert "broken" in _faults()


@pytest.mark.usefixtures("some_history")
def test_a_person_is_forgotten_and_the_history_still_verifies() -> None:
    ada = member()
    before = verification.verify()

    erased = data_rights.erase(owner_type="auth.user", owner_id=str(ada.user.pk)).personal

    assert erased == 4
    assert not PersonalData.objects.exclude(owner_id="", file_name="", address="", text="").exists()
    after = verification.verify(head=before.head)
    assert (after.ok, after.erased) == (True, 4)
    assert api.status_of(ada, "avatar") is None or api.notices_for(ada.user) == []


@pytest.mark.usefixtures("some_history")
def test_rows_cannot_be_changed_through_the_models() -> None:
    row = Screening.objects.latest("id")
    row.verdict = "allow"
    with pytest.raises(AppendOnly):
        row.save()
    with pytest.raises(AppendOnly):
        row.delete()
    with pytest.raises(AppendOnly):
        Screening.objects.update(verdict="allow")
    with pytest.raises(AppendOnly):
        Refusal.objects.all().delete()


@pytest.mark.usefixtures("some_history")
@pytest.mark.parametrize("table", triggers.TABLES)
@pytest.mark.parametrize("verb", ["DELETE FROM {0}", "UPDATE {0} SET {1} = {1}", "TRUNCATE {0} CASCADE"])
def test_rows_cannot_be_changed_in_the_database(table: str, verb: str) -> None:
    if verb.startswith("TRUNCATE") and connection.vendor != "postgresql":
        pytest.skip("SQLite has no TRUNCATE")
    sealing.seal()
    column = "position" if table == "moderation_seal" else "id"

    with (
        pytest.raises(DatabaseError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(verb.format(table, column))


def test_a_missing_trigger_is_noticed() -> None:
    assert triggers.missing() == []
    name = triggers.names("moderation_screening")[0]
    with connection.cursor() as cursor:
        suffix = " ON moderation_screening" if connection.vendor == "postgresql" else ""
        cursor.execute(f"DROP TRIGGER {name}{suffix}")

    assert triggers.missing() == [name]
    triggers.install()
    assert triggers.missing() == []


@pytest.mark.usefixtures("some_history")
@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite has no such setting")
def test_no_setting_of_a_connection_puts_the_triggers_to_sleep() -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        with pytest.raises(DatabaseError, match="append-only"):
            cursor.execute("DELETE FROM moderation_refusal")
        transaction.set_rollback(True)


@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite's triggers are there or not")
@pytest.mark.parametrize("state", ["DISABLE", "ENABLE REPLICA", "ENABLE"])
def test_a_trigger_that_does_not_always_fire_is_noticed(state: str) -> None:
    name = triggers.names("moderation_screening")[0]
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE moderation_screening {state} TRIGGER {name}")

    assert triggers.missing() == [name]
    triggers.install()
    assert triggers.missing() == []


@pytest.mark.usefixtures("some_history")
def test_a_fixture_changes_no_row_that_is_there() -> None:
    dumped = serializers.serialize("json", Refusal.objects.all()).replace("not_an_image", "too_large")

    for loaded in serializers.deserialize("json", dumped):
        loaded.save()

    assert [row.reason for row in Refusal.objects.all()] == ["not_an_image"]
    assert "changed" not in _faults()


@pytest.mark.usefixtures("some_history")
def test_lifting_the_triggers_ends_with_its_transaction() -> None:
    with transaction.atomic():
        with triggers.lifted(), connection.cursor() as cursor:
            assert triggers.missing()
            cursor.execute("DELETE FROM moderation_refusal")
        assert triggers.missing() == []
        transaction.set_rollback(True)

    assert triggers.missing() == []
    assert Refusal.objects.count() == 1


def test_an_audit_row_says_nothing_of_the_uploader() -> None:
    send(pictures.encode(pictures.scene(2)), who=member("grace"), name="grace-hopper.jpg")

    content = str(Screening.objects.get().content())

    assert "grace" not in content
    assert set(Screening.objects.get().content()) == {
        "id",
        "upload_id",
        "revision",
        "verdict",
        "reason",
        "occasion",
        "algorithms",
        "notes",
        "elapsed_us",
        "created_at",
        "personal_id",
        "commitment",
        "matches",
    }
