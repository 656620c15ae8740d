"""Lists, entries and codes are what a replay of the history arrives at."""

from __future__ import annotations

import random
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from moderation import api, selectors
from moderation.models import BannedImage, Blocklist, BlocklistChange, Clearance, Fingerprint, Rescan
from moderation.services.blocklists import blocklist as lists
from moderation.services.blocklists import codes as hashes
from moderation.services.blocklists import enrolment, imports, rehashing
from moderation.services.blocklists.banning import EntryOptions, allow, ban
from moderation.services.desk import reinstating
from moderation.services.history import baseline, replay, sealing, triggers
from moderation.services.history.differences import differences
from moderation.services.operations import diagnosis, seeding
from tests import pictures
from tests.services.people import member, send

pytestmark = pytest.mark.django_db(transaction=True)


def _import(path: Path, count: int = 30) -> None:
    chance = random.Random(1)
    lines = [f"dhash256,{chance.randbytes(32).hex()}" for _ in range(count)]
    path.write_text("\n".join(["algorithm,hash", *lines]))
    imports.import_file(path=path, blocklist=selectors.blocklist_named("default"), batch=10)


@pytest.fixture
def some_lists(tmp_path: Path) -> list[BannedImage]:
    """Make entries in every way that there is, and change them in every way."""
    found = [api.ban(pictures.encode(pictures.scene(seed))).banned for seed in range(1, 6)]
    options = EntryOptions(
        exact_only=True,
        radii={"dhash256": [3, 5]},
        expires_at=timezone.now() + timedelta(days=9),
        local="off",
    )
    picture = enrolment.picture_from_bytes(pictures.encode(pictures.scene(6)))
    found.append(ban(picture=picture, blocklist=selectors.blocklist_named("default"), options=options).banned)
    _import(tmp_path / "hashes.csv")
    hashes.ban_code(
        algorithm="pdq",
        bits=bytes(range(32)),
        blocklist=selectors.blocklist_named("default"),
        options=EntryOptions(),
    )
    lists.change_list(
        blocklist=Blocklist(slug="mine", name="Mine", action="hold", radii={"dhash256": [None, 9]})
    )
    default = selectors.blocklist_named("default")
    default.policy_text, default.keep_evidence = "Not here.", False
    lists.change_list(blocklist=default)
    allow(picture=enrolment.picture_from_bytes(pictures.encode(pictures.scene(7))))
    lists.unban(banned_id=found[0].pk)
    reinstating.reinstate(banned_id=found[0].pk, actor_id="1")
    lists.change_entry(banned_id=found[1].pk, suspended=True, radii={"dhash256": [1, 2]})
    imported = BannedImage.objects.filter(source__startswith="import:").order_by("pk")[4]
    lists.change_entry(banned_id=imported.pk, exact_only=True)
    lists.unban(banned_id=imported.pk + 1)
    return found


def _found(*, codes: bool = True) -> list[tuple[str, str]]:
    return [(one.what, one.column) for one in differences(codes=codes)]


@pytest.mark.usefixtures("some_lists")
def test_what_was_done_through_the_program_is_what_the_history_says() -> None:
    assert _found() == []
    assert _found(codes=False) == []


@pytest.mark.usefixtures("some_lists")
def test_a_baseline_says_the_same() -> None:
    seeding.add_entries(40)

    assert baseline.write() == BannedImage.objects.count()

    assert _found() == []
    api.ban(pictures.encode(pictures.scene(8)))
    lists.unban(banned_id=BannedImage.objects.filter(source="seed").latest("pk").pk)
    assert _found() == []


def _sql(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


FORGERIES = [
    (
        "UPDATE moderation_bannedimage SET exact_only = (1 = 1) WHERE id = {first} + 2",
        [("entry 3", "exact_only")],
    ),
    (
        "UPDATE moderation_bannedimage SET suspended = (1 = 1) WHERE id = {first} + 2",
        [("entry 3", "suspended")],
    ),
    ("UPDATE moderation_bannedimage SET local = 'off' WHERE id = {first} + 2", [("entry 3", "local")]),
    ("UPDATE moderation_bannedimage SET radii = '{{}}' WHERE id = {first} + 1", [("entry 2", "radii")]),
    (
        "UPDATE moderation_bannedimage SET expires_at = NULL WHERE id = {first} + 5",
        [("entry 6", "expires_at")],
    ),
    (
        "UPDATE moderation_bannedimage SET sha256 = pixels WHERE id = {first} + 2",
        [("entry 3", "codes exact")],
    ),
    (
        "UPDATE moderation_bannedimage SET retired_revision = 1, retired_at = created_at WHERE id = {first} + 2",
        [("entry 3", "active")],
    ),
    (
        "UPDATE moderation_bannedimage SET retired_revision = NULL, retired_at = NULL WHERE id = {first} + 0",
        [("entry 1", "active")],
    ),
    (
        "UPDATE moderation_bannedimage SET blocklist_id = (SELECT id FROM moderation_blocklist WHERE slug = "
        "'allowlist') WHERE id = {first} + 2",
        [("entry 3", "blocklist")],
    ),
    (
        "DELETE FROM moderation_fingerprint WHERE banned_id = {first} + 2 AND algorithm = 'dhash256/1'",
        [("entry 3", "codes dhash256/1")],
    ),
    (
        "UPDATE moderation_fingerprint SET variant = 'x' WHERE banned_id = {first} + 2 AND algorithm = 'phash256/1'",
        [("entry 3", "codes phash256/1")],
    ),
    ("DELETE FROM moderation_localfingerprint WHERE banned_id = {first} + 2", [("entry 3", "codes local/1")]),
    (
        "UPDATE moderation_localfingerprint SET muted = data WHERE banned_id = {first} + 2",
        [("entry 3", "codes muted")],
    ),
    ("DELETE FROM moderation_fingerprint WHERE banned_id = {twentieth}", [("entries 17-26", "codes")]),
    (
        "UPDATE moderation_bannedimage SET exact_only = (1 = 1) WHERE id = {twentieth}",
        [("entry 20", "exact_only")],
    ),
    (
        "UPDATE moderation_blocklist SET action = 'monitor' WHERE slug = 'default'",
        [("list default", "action")],
    ),
    ("UPDATE moderation_blocklist SET radii = '{{}}' WHERE slug = 'mine'", [("list mine", "radii")]),
    ("UPDATE moderation_blocklist SET local = 'off' WHERE slug = 'default'", [("list default", "local")]),
    (
        "UPDATE moderation_blocklist SET policy_text = '' WHERE slug = 'default'",
        [("list default", "policy_text")],
    ),
    (
        "UPDATE moderation_blocklist SET keep_evidence = (1 = 1) WHERE slug = 'default'",
        [("list default", "keep_evidence")],
    ),
]


@pytest.mark.parametrize("begun", ["history", "baseline"])
def test_what_was_done_beside_it_is_named(some_lists: list[BannedImage], begun: str) -> None:
    first, twentieth = some_lists[0].pk, BannedImage.objects.order_by("pk").values_list("pk", flat=True)[19]
    if begun == "baseline":
        baseline.write()

    for statement, expected in FORGERIES:
        with transaction.atomic():
            _sql(statement.format(first=first, twentieth=twentieth))
            named = [(_counted(what), column) for what, column in _found()]
            transaction.set_rollback(True)
        if begun == "baseline" and "-" in expected[0][0]:
            expected = [("entries 7-37", "codes")]
        assert named == expected, statement


def _counted(what: str) -> str:
    """Number the entries of a test from 1, whatever ids have been used up before and in between."""
    numbers = {
        pk: place
        for place, pk in enumerate(BannedImage.objects.order_by("pk").values_list("pk", flat=True), 1)
    }
    return re.sub(r"\d+", lambda match: str(numbers[int(match[0])]), what)


@pytest.mark.usefixtures("some_lists")
def test_rows_that_are_gone_or_were_put_in_are_named() -> None:
    template = BannedImage.objects.latest("pk")
    template.pk = None
    template.save(force_insert=True)
    Blocklist.objects.create(slug="friends", name="Friends", action="allow")
    _sql("UPDATE moderation_blocklist SET slug = 'other' WHERE slug = 'mine'")

    assert _found(codes=False) == [
        ("list friends", ""),
        ("list mine", ""),
        ("list other", ""),
        (f"entry {template.pk}", ""),
    ]


@pytest.mark.usefixtures("some_lists")
def test_an_entry_that_is_gone_is_named() -> None:
    Rescan.objects.all().delete()
    gone = BannedImage.objects.filter(nearest__isnull=True, source="api").earliest("pk").pk
    BannedImage.objects.filter(pk=gone).delete()

    assert (f"entry {gone}", "") in _found(codes=False)


def test_what_a_person_was_shown_comes_back_the_same_after_a_rehash(settings: Any) -> None:
    api.ban(pictures.encode(pictures.scene(1)))
    settings.MODERATION = {**settings.MODERATION, "ALGORITHMS": ["dhash256", "pdq"]}
    send(pictures.encode(pictures.scene(2)), who=member())

    done = rehashing.rehash(actor_id="1")

    assert (done.entries, done.uploads) == (1, 0)
    assert _found() == []
    Fingerprint.objects.filter(algorithm="pdq/1").delete()
    assert [column for _what, column in _found()] == ["codes pdq/1"]


def test_a_rehash_does_not_pass_a_changed_code_for_its_own(settings: Any) -> None:
    api.ban(pictures.encode(pictures.scene(1)))
    Fingerprint.objects.filter(algorithm="dhash256/1").update(bits=bytes(range(32)))
    settings.MODERATION = {**settings.MODERATION, "ALGORITHMS": ["dhash256", "pdq"]}

    rehashing.rehash()

    assert [column for _what, column in _found()] == ["codes dhash256/1"]


def test_a_change_does_not_pass_what_was_changed_beside_it_for_its_own() -> None:
    banned = api.ban(pictures.encode(pictures.scene(1))).banned
    _sql(f"UPDATE moderation_bannedimage SET exact_only = (1 = 1) WHERE id = {banned.pk}")
    _sql("UPDATE moderation_blocklist SET action = 'monitor' WHERE slug = 'default'")

    lists.change_entry(banned_id=banned.pk, suspended=True)
    default = selectors.blocklist_named("default")
    default.policy_text = "Not here."
    lists.change_list(blocklist=default)

    assert _found() == [("list default", "action"), (f"entry {banned.pk}", "exact_only")]


def test_a_change_put_in_by_sql_explains_nothing() -> None:
    api.ban(pictures.encode(pictures.scene(1)))
    genuine = BlocklistChange.objects.get()
    _sql("UPDATE moderation_blocklist SET action = 'monitor' WHERE slug = 'default'")
    forged = BlocklistChange(
        revision=genuine.revision + 1,
        token=genuine.token,
        kind="list",
        blocklist="default",
        detail={"state": {"lists": {"default": {"action": "monitor"}}}},
    )
    forged.before_insert = lambda: None  # type: ignore[method-assign]
    forged.mac = genuine.mac
    forged.save()

    assert _found() == [("list default", "action")]


def test_a_clearance_without_a_decision_is_named() -> None:
    banned = api.ban(pictures.encode(pictures.scene(1))).banned
    upload = send(pictures.encode(pictures.scene(2)), who=member())
    cleared = Clearance.objects.create(upload=upload, banned=banned)

    assert _found() == [(f"clearance {cleared.pk}", "")]


def test_doctor_has_the_short_form(settings: Any) -> None:
    api.ban(pictures.encode(pictures.scene(1)))
    baseline.record_settings()
    found = {finding.check: finding for finding in diagnosis.examine()}
    assert (found["state"].level, found["settings"].level) == ("ok", "ok")

    _sql("UPDATE moderation_bannedimage SET exact_only = (1 = 1)")
    settings.MODERATION = {**settings.MODERATION, "RADII": {"dhash256": (3, 4)}}

    found = {finding.check: finding for finding in diagnosis.examine()}
    assert (found["state"].level, found["settings"].level) == ("fault", "warning")
    assert "exact_only is True, the history says False" in found["state"].message
    assert found["settings"].details["drift"] == ["RADII"]


def test_settings_are_written_down_once(settings: Any) -> None:
    assert baseline.record_settings()
    assert not baseline.record_settings()
    assert BlocklistChange.objects.get().revision == 0
    api.ban(pictures.encode(pictures.scene(1)))
    settings.MODERATION = {**settings.MODERATION, "VALVE_USERS": 7}

    assert baseline.record_settings()

    change = BlocklistChange.objects.latest("revision")
    assert (change.revision, change.kind) == (2, "settings")
    assert change.detail["state"]["settings"]["VALVE_USERS"] == 7
    assert replay.latest_settings() == change.detail["state"]["settings"]
    assert {finding.check: finding.level for finding in diagnosis.examine()}["revision"] == "ok"


def test_what_an_earlier_version_wrote_is_said_to_be_silent() -> None:
    banned = api.ban(pictures.encode(pictures.scene(1))).banned
    triggers.remove()
    _sql("UPDATE moderation_blocklistchange SET detail = '{}', mac = NULL")
    triggers.install()
    assert _found() == [(f"entry {banned.pk}", "")]

    sealing.anchor()
    baseline.write()

    assert _found() == []
