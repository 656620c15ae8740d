"""The drill of docs/how-to/back-up.md: database and files restored from different moments."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.faults.deployment import Deployment
from tests.faults.pictures import copy_of, picture
from tests.servers.postgres import NamedPostgres, PostgresServer, programs

pytestmark = [pytest.mark.servers, pytest.mark.slow]

HOURS_AGO = 3 * 3600


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as open_:
        yield open_


def _deploy(folder: Path, database: str, stack: ExitStack) -> Deployment:
    folder.mkdir()
    site = Deployment(folder, database=database)
    stack.callback(site.close)
    return site


def _program(name: str) -> str:
    return str(programs() / name)


def _dump(database: str, file: Path) -> None:
    subprocess.run([_program("pg_dump"), "--format=custom", f"--file={file}", database], check=True)


def _restore(file: Path, database: str) -> None:
    subprocess.run(
        [_program("pg_restore"), "--no-owner", "--exit-on-error", f"--dbname={database}", str(file)],
        check=True,
    )


def _doctor(site: Deployment, *options: str) -> dict[str, dict[str, Any]]:
    done = subprocess.run(
        [*_manage(), "doctor", "--json", *options],
        env=site.environment(),
        cwd=Path(__file__).resolve().parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert lines, done.stderr
    return {line["check"]: line for line in lines}


def _manage() -> list[str]:
    import sys

    return [sys.executable, "manage.py"]


def _aged(folder: Path) -> None:
    """Make files hours old, as restored ones are. A younger one may belong to a running transaction."""
    past = time.time() - HOURS_AGO
    for path in folder.rglob("*"):
        if path.is_file():
            os.utime(path, (past, past))


def test_a_database_of_before_and_files_of_after_are_made_to_agree(
    tmp_path: Path, postgres_server: PostgresServer | NamedPostgres, stack: ExitStack
) -> None:
    site = _deploy(tmp_path / "site", postgres_server.create(), stack)
    site.manage("migrate", "--verbosity=0")
    here = site.here
    here.ban(picture(1))
    stays = here.submit(picture(2), "stays")
    goes = here.submit(picture(3), "goes")
    assert [here.status(upload) for upload in (stays, goes)] == ["approved", "approved"]
    _dump(site.database, tmp_path / "database.dump")

    # What happens between the backup of the database and that of the files.
    here.ban(copy_of(picture(3)))
    here.call("run_rescans")
    here.call("removals_due_now")
    here.call("sweep", work_here=True)
    assert here.status(goes) == "rejected"
    late = here.submit(picture(4), "late")
    lost_name = here.call("upload", upload_id=late)["published"]
    for folder in ("media", "quarantine"):
        shutil.copytree(site.folder / folder, tmp_path / "backup" / folder)
    site.close()

    restored = _deploy(tmp_path / "restored", postgres_server.create(), stack)
    _restore(tmp_path / "database.dump", restored.database)
    for folder in ("media", "quarantine"):
        shutil.copytree(tmp_path / "backup" / folder, restored.folder / folder)
        _aged(restored.folder / folder)

    found = _doctor(restored)
    assert found["triggers"]["ok"]
    assert found["published_files"]["level"] == "fault"
    assert found["orphans_public"]["level"] == "fault"
    assert found["orphans_quarantine"]["level"] == "fault"

    mended = _doctor(restored, "--mend")
    assert mended["published_files"]["mended"] == 1
    assert mended["orphans_public"]["mended"] >= 1

    after = _doctor(restored)
    faults = {name: line["message"] for name, line in after.items() if line["level"] == "fault"}
    assert faults == {}
    assert lost_name not in restored.here.call("public_files")
    restored.here.call("sweep", work_here=True)
    restored.check()
    # The ban of between is gone with its database: the runbook says to ban again what was banned since.
    assert restored.here.status(goes) == "approved"
    restored.here.ban(copy_of(picture(3)))
    restored.here.call("run_rescans")
    assert restored.here.status(goes) == "rejected"
    assert restored.here.status(restored.here.submit(copy_of(picture(1)), "again")) == "rejected"
    restored.check()


def test_files_of_before_and_a_database_of_after_leave_nothing_public_that_should_not_be(
    tmp_path: Path, postgres_server: PostgresServer | NamedPostgres, stack: ExitStack
) -> None:
    site = _deploy(tmp_path / "site", postgres_server.create(), stack)
    site.manage("migrate", "--verbosity=0")
    here = site.here
    goes = here.submit(picture(3), "goes")
    public_then = here.call("upload", upload_id=goes)["published"]
    for folder in ("media", "quarantine"):
        shutil.copytree(site.folder / folder, tmp_path / "backup" / folder)

    here.ban(copy_of(picture(3)))
    here.call("run_rescans")
    here.call("removals_due_now")
    here.call("sweep", work_here=True)
    late = here.submit(picture(4), "late")
    _dump(site.database, tmp_path / "database.dump")
    site.close()

    restored = _deploy(tmp_path / "restored", postgres_server.create(), stack)
    _restore(tmp_path / "database.dump", restored.database)
    for folder in ("media", "quarantine"):
        shutil.copytree(tmp_path / "backup" / folder, restored.folder / folder)
        _aged(restored.folder / folder)
    assert public_then in restored.here.call("public_files")

    mended = _doctor(restored, "--mend")

    assert mended["orphans_public"]["mended"] == 1
    assert public_then not in restored.here.call("public_files")
    assert restored.here.status(goes) == "rejected"
    # Neither the public file nor our re-encoding of the late one was in the backup: doctor names it.
    assert mended["published_files"]["level"] == "fault"
    assert mended["published_files"]["details"]["uploads"] == [late]
