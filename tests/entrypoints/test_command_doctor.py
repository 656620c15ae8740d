"""``doctor`` finds what is wrong, and mends what it may."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import storages

from moderation import api, storage
from moderation.models import LocalFingerprint, Revision, Upload
from moderation.services.history import triggers
from tests import pictures
from tests.entrypoints.commands import Outcome, run
from tests.services.people import member, send

pytestmark = pytest.mark.django_db(transaction=True)


def finding(outcome: Outcome, check: str) -> dict[str, Any]:
    return next(line for line in outcome.lines if line["check"] == check)


def test_a_sound_installation() -> None:
    api.ban(pictures.encode(pictures.scene(1)))
    send(pictures.encode(pictures.scene(2)), who=member())

    outcome = run("doctor")

    assert [line["message"] for line in outcome.lines if not line["ok"]] == []
    assert outcome.status == 0
    assert len(outcome.lines) > 15


def test_missing_triggers_are_put_back() -> None:
    triggers.remove()

    before, mended, after = run("doctor"), run("doctor", "--mend"), run("doctor")

    assert (before.status, finding(before, "triggers")["error"]) == (1, "triggers")
    assert finding(mended, "triggers")["mended"] > 0
    assert finding(after, "triggers")["level"] == "ok"


def test_a_wrong_count_of_entries_is_counted_again() -> None:
    api.ban(pictures.encode(pictures.scene(1)))
    Revision.objects.update(entries=7)

    assert not finding(run("doctor"), "revision")["ok"]
    assert finding(run("doctor", "--mend"), "revision")["mended"] == 1
    assert Revision.objects.get().entries == 1


def test_a_published_file_that_is_gone_is_written_again() -> None:
    upload = send(pictures.encode(pictures.scene(1)), who=member())
    storage.public().delete(upload.published)

    before, mended = run("doctor"), run("doctor", "--mend")

    assert finding(before, "published_files")["details"]["uploads"] == [upload.pk]
    assert finding(mended, "published_files")["mended"] == 1
    assert storage.public().exists(Upload.objects.get().published)


def test_orphans_are_deleted_and_others_are_left_alone(settings: Any) -> None:
    upload = send(pictures.encode(pictures.scene(1)), who=member())
    orphans = [
        (storages["moderation_public"], storage.fresh_name("uploads", "PNG")),
        (storages["moderation_quarantine"], storage.fresh_name("clean", "PNG")),
    ]
    young, foreign = storage.fresh_name("uploads", "PNG"), "uploads/ab/holiday.png"
    for area, name in [
        *orphans,
        (storages["moderation_public"], young),
        (storages["moderation_public"], foreign),
    ]:
        storage.write(area, name, b"left behind")
        old = time.time() - 7200
        if name != young:
            os.utime(area.path(name), (old, old))

    before, mended = run("doctor"), run("doctor", "--mend")

    assert [finding(before, f"orphans_{area}")["ok"] for area in ("public", "quarantine")] == [False, False]
    assert [finding(mended, f"orphans_{area}")["mended"] for area in ("public", "quarantine")] == [1, 1]
    assert not any(area.exists(name) for area, name in orphans)
    assert all(storage.public().exists(name) for name in (young, foreign, upload.published))


def test_a_quarantine_inside_media_is_found(settings: Any) -> None:
    config = {alias: dict(options) for alias, options in settings.STORAGES.items()}
    inside = Path(settings.MEDIA_ROOT) / "private"
    config["moderation_quarantine"]["OPTIONS"] = {"location": inside}
    settings.STORAGES = config

    outcome = run("doctor")

    assert (outcome.status, finding(outcome, "quarantine_private")["ok"]) == (1, False)


def test_a_storage_that_cannot_be_written_is_found(settings: Any, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    config = {alias: dict(options) for alias, options in settings.STORAGES.items()}
    config["moderation_quarantine"]["OPTIONS"] = {"location": tmp_path / "file" / "below"}
    settings.STORAGES = config

    assert not finding(run("doctor"), "quarantine_storage")["ok"]


def test_it_says_what_is_not_caught_without_the_second_tier(settings: Any) -> None:
    assert finding(run("doctor"), "second_tier")["level"] == "ok"

    settings.MODERATION = {**settings.MODERATION, "LOCAL": False}
    off = finding(run("doctor"), "second_tier")

    assert (off["ok"], off["level"]) == (True, "warning")
    assert "nothing looks for crops, rotations" in off["message"]


def test_it_names_signatures_that_nothing_compares_with() -> None:
    api.ban(pictures.encode(pictures.scene(1)))
    LocalFingerprint.objects.update(method="local/0")

    found = finding(run("doctor"), "second_tier")

    assert found["level"] == "warning"
    assert "local/0" in found["message"]
    assert "rehash" in found["message"]
