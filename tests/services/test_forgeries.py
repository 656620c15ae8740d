"""What somebody who can write to the database, and has no key, leaves behind (I6)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, models
from django.db.models import QuerySet
from django.utils import timezone

from moderation import api
from moderation.models import Decision, PersonalData, Refusal, Screening, Seal
from moderation.services.history import decisions, erasure, sealing, triggers, verification
from moderation.services.operations import diagnosis
from tests import pictures
from tests.services.people import member, send

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def some_history() -> None:
    """Make a ban, a screening, and a note about an upload."""
    api.ban(pictures.encode(pictures.scene(1)), note="as agreed")
    upload = send(pictures.encode(pictures.scene(2)), who=member())
    decisions.record(kind="approve", actor_id="7", revision=1, upload_id=upload.pk, note="looks fine")
    assert verification.verify().ok


def _insert(row: models.Model, **changed: Any) -> int:
    """Insert a copy of a row by SQL, with other values; its id."""
    table = row._meta.db_table
    values = {
        str(field.column): field.get_db_prep_save(
            changed.get(field.attname, getattr(row, field.attname)), connection
        )
        for field in row._meta.concrete_fields
        if not field.primary_key
    }
    names = ", ".join(values)
    places = ", ".join(["%s"] * len(values))
    with connection.cursor() as cursor:
        statement = f"INSERT INTO {table} ({names}) VALUES ({places}) RETURNING id"
        cursor.execute(statement, list(values.values()))
        return int(cursor.fetchone()[0])


def _tamper(statement: str, *values: Any) -> None:
    triggers.remove()
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
    triggers.install()


def _faults() -> list[tuple[str, str]]:
    return [(fault.kind, fault.record) for fault in verification.verify().faults]


def _approval() -> Decision:
    return Decision.objects.get(kind="approve")


def _note() -> QuerySet[PersonalData]:
    """Find the note beside the approval."""
    return PersonalData.objects.filter(text="looks fine")


def test_a_decision_put_in_by_sql_is_not_sealed_and_named() -> None:
    back_dated = timezone.now() - timedelta(days=21)
    forged = _insert(_approval(), actor_id="8", mac=None, created_at=back_dated)

    assert sealing.seal() == 0
    assert sealing.seal(everything=True) == 0
    assert _faults() == [("forged", f"decision {forged}")]


@pytest.mark.parametrize("column", ["actor_id", "kind", "upload_id", "created_at"])
def test_the_authentication_code_of_one_row_is_of_no_use_to_another(column: str) -> None:
    other = {
        "actor_id": "8",
        "kind": "reject",
        "upload_id": 1_000,
        "created_at": timezone.now() + timedelta(seconds=1),
    }[column]

    forged = _insert(_approval(), **{column: other})

    assert _faults() == [("forged", f"decision {forged}")]


def test_a_row_cannot_be_said_twice() -> None:
    row = _approval()

    copy = _insert(row)

    assert sealing.seal(everything=True) == 0
    assert _faults() == [("copied", f"decision {copy}")]


def test_a_copy_that_is_there_before_the_seal_is_not_sealed_either() -> None:
    row = decisions.record(kind="reject", actor_id="7", revision=1)

    copy = _insert(row)

    assert sealing.seal() == 1
    assert _faults() == [("copied", f"decision {copy}")]


def test_a_match_put_in_before_the_seal_is_found() -> None:
    send(pictures.encode(pictures.scene(1)), who=member("grace"))
    screening = Screening.objects.get(verdict="block")
    match = screening.matches.first()
    assert match is not None

    _insert(match, banned_id=99)

    assert _faults() == [("forged", f"screening {screening.pk}")]


def test_many_forged_rows_do_not_keep_others_from_being_sealed() -> None:
    row = _approval()
    sealing.seal()
    for number in range(sealing.SEALS_PER_TRANSACTION + 1):
        _insert(row, mac=None, actor_id=str(number))
    decisions.record(kind="approve", actor_id="7", revision=1)

    assert sealing.seal() == 1


def test_doctor_says_that_somebody_writes_to_the_database() -> None:
    _insert(_approval(), actor_id="8", mac=None)

    found = {finding.check: finding for finding in diagnosis.examine()}

    assert found["unsealed"].level == "fault"
    assert "1 rows of the history were not written by this program" in found["unsealed"].message


@pytest.mark.parametrize(
    ("statement", "kind"),
    [
        ("UPDATE moderation_seal SET sealed_at = %s", "broken"),
        ("UPDATE moderation_decision SET created_at = %s WHERE kind = 'approve'", "changed"),
    ],
)
def test_a_time_that_was_moved_is_found(statement: str, kind: str) -> None:
    moved = timezone.now() - timedelta(days=21)

    _tamper(statement, moved)

    assert kind in {kind for kind, _record in _faults()}


def test_a_row_that_the_program_itself_dates_back_is_named() -> None:
    row = Decision.objects.create(
        kind="approve", actor_id="7", revision=1, created_at=timezone.now() - timedelta(days=21)
    )

    assert _faults() == [("dated", f"decision {row.pk}")]


def test_a_row_of_the_future_is_named() -> None:
    row = Refusal.objects.create(
        reason="too_large", size=1, sha256=bytes(32), created_at=timezone.now() + timedelta(days=2)
    )

    assert _faults() == [("dated", f"refusal {row.pk}")]


def test_what_waited_long_for_its_seal_is_no_fault() -> None:
    for days in (9, 6, 3, 0):
        moment = timezone.now() - timedelta(days=days)
        Refusal.objects.create(reason="too_large", size=1, sha256=bytes(32), created_at=moment)

    assert _faults() == []


def test_a_note_rewritten_as_if_it_were_erased_is_found() -> None:
    personal = _note().get().pk

    _note().update(text="looks bad", erased_at=timezone.now())

    kinds = _faults()
    assert ("personal", f"personaldata {personal}") in kinds
    assert {kind for kind, _record in kinds} == {"personal"}


def test_a_note_emptied_without_a_decision_is_found() -> None:
    personal = _note().get().pk

    _note().update(**dict.fromkeys(PersonalData.FIELDS, ""), salt=None, erased_at=timezone.now())

    assert _faults() == [("personal", f"personaldata {personal}")]


def test_a_note_emptied_in_the_name_of_another_erasure_is_found() -> None:
    erasure.erase(PersonalData.objects.filter(text="as agreed"), reason="data_rights")
    decision = Decision.objects.get(kind="erase")
    assert verification.verify().ok

    _note().update(
        **dict.fromkeys(PersonalData.FIELDS, ""),
        salt=None,
        erased_at=timezone.now(),
        erasure_id=decision.pk,
    )

    assert _faults() == [("personal", f"decision {decision.pk}")]


def test_an_erasure_by_no_decision_is_found() -> None:
    approval = _approval()
    _note().update(
        **dict.fromkeys(PersonalData.FIELDS, ""),
        salt=None,
        erased_at=timezone.now(),
        erasure_id=approval.pk,
    )

    assert _faults() == [("personal", f"personaldata {approval.personal_id}")]


def test_personal_data_that_is_gone_is_found() -> None:
    approval = _approval()
    table = PersonalData._meta.db_table
    with connection.constraint_checks_disabled(), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET session_replication_role = replica")
        cursor.execute(f"DELETE FROM {table} WHERE id = {approval.personal_id}")
        if connection.vendor == "postgresql":
            cursor.execute("SET session_replication_role = DEFAULT")

    assert _faults() == [("personal", f"decision {approval.pk}")]


def test_erasing_names_who_went_and_goes_once() -> None:
    rows = PersonalData.objects.filter(pk=_note().get().pk)

    assert erasure.erase(rows, actor_id="7", reason="data_rights") == 1
    assert erasure.erase(rows, actor_id="7", reason="data_rights") == 0

    decision = Decision.objects.get(kind="erase")
    assert (decision.actor_id, decision.reason, rows.get().erasure_id) == ("7", "data_rights", decision.pk)
    assert _faults() == []


def test_rows_of_an_earlier_version_stand_before_the_anchor() -> None:
    old = _insert(_approval(), mac=None, actor_id="5")

    assert sealing.anchor() == 1

    assert _faults() == []
    assert Seal.objects.filter(kind="decision", record_id=old).exists()
    later = _insert(Decision.objects.get(pk=old), actor_id="8")
    assert _faults() == [("forged", f"decision {later}")]


def test_an_anchor_cannot_be_put_in_by_sql() -> None:
    _insert(_approval(), mac=None, actor_id="8")
    last = Seal.objects.latest("position")

    Seal.objects.create(
        position=last.position + 1, kind="anchor", record_id=1, digest=bytes(32), mac=bytes(32)
    )

    assert {kind for kind, _record in _faults()} == {"broken", "forged", "personal"}
