"""A site that was set up with an earlier release upgrades with ``migrate``, and its history verifies."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from moderation.models import AUDIT_MODELS
from moderation.services.history.links import ANCHOR

ROOT = Path(__file__).resolve().parents[2]
RELEASES = sorted(Path(__file__).parent.glob("*.sql"))
SEAL_KEY = "the seal key of the release's dump"
"""See tools/dump_release.py."""

pytestmark = pytest.mark.slow


def _manage(folder: Path, *arguments: str, status: int = 0) -> str:
    environment = os.environ | {
        "STATE_DIR": str(folder),
        "DATABASE_URL": f"sqlite:///{folder}/db.sqlite3",
        "DEBUG": "1",
        "SEAL_KEY": SEAL_KEY,
        "DJANGO_SETTINGS_MODULE": "config.settings",
    }
    result = subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert result.returncode == status, result.stdout + result.stderr
    return result.stdout


def test_there_is_a_release_to_upgrade_from() -> None:
    assert RELEASES


@pytest.mark.parametrize("release", RELEASES, ids=lambda path: path.stem)
def test_a_site_of_that_release_upgrades(release: Path, tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "db.sqlite3") as database:
        database.executescript(release.read_text())

    _manage(tmp_path, "migrate", "-v", "0")

    with sqlite3.connect(tmp_path / "db.sqlite3") as database:
        sealed = {kind for (kind,) in database.execute("SELECT DISTINCT kind FROM moderation_seal")}
    assert sealed - {ANCHOR} == {model._meta.model_name for model in AUDIT_MODELS}, (
        "a kind of row that nothing would notice"
    )
    _manage(tmp_path, "check", "--database", "default")
    verified = json.loads(_manage(tmp_path, "verify_audit", "--state", "--json"))
    # Unsealed were the settings and the baseline, which migrate has just written.
    assert (verified["ok"], verified["unsealed"], verified["faults"]) == (True, 2, [])
    assert verified["differences"] == []
    assert verified["rows"] >= 14
    swept = json.loads(_manage(tmp_path, "sweep", "--json"))
    assert swept["found"] == 0


@pytest.mark.parametrize("release", RELEASES, ids=lambda path: path.stem)
def test_what_that_release_had_not_sealed_or_had_erased_is_closed_off(release: Path, tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "db.sqlite3") as database:
        database.executescript(release.read_text())
        name = "moderation_seal_no_delete"
        (trigger,) = database.execute("SELECT sql FROM sqlite_master WHERE name = ?", [name]).fetchone()
        database.execute(f"DROP TRIGGER {name}")
        database.execute("DELETE FROM moderation_seal WHERE position > 5")
        database.execute(trigger)
        database.execute(
            "UPDATE moderation_personaldata SET owner_type = '', owner_id = '', address = '', file_name = '', "
            "text = '', salt = NULL, erased_at = '2026-01-02 03:04:05' WHERE id = 1"
        )

    _manage(tmp_path, "migrate", "-v", "0")

    verified = json.loads(_manage(tmp_path, "verify_audit", "--state", "--json"))
    # Unsealed were the settings and the baseline, which migrate has just written.
    assert (verified["ok"], verified["unsealed"], verified["faults"]) == (True, 2, [])
    assert verified["differences"] == []
    with sqlite3.connect(tmp_path / "db.sqlite3") as database:
        database.execute(
            "INSERT INTO moderation_decision (kind, actor_id, revision, reason, created_at, upload_id) "
            "SELECT kind, '99', revision, reason, created_at, upload_id FROM moderation_decision LIMIT 1"
        )
    refused = json.loads(_manage(tmp_path, "verify_audit", "--json", status=1))
    assert [fault["kind"] for fault in refused["faults"]] == ["forged"]
