"""F17: many writers on SQLite. No "database is locked"."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.faults.conftest import Deploy
from tests.faults.console_client import Console
from tests.faults.pictures import picture

WRITERS, EACH = 5, 12


def test_f17_processes_that_upload_ban_and_sweep_on_sqlite_do_not_lock_each_other_out(
    deploy: Deploy, tmp_path: Path
) -> None:
    site = deploy(database=f"sqlite:///{tmp_path / 'db.sqlite3'}")
    site.manage("migrate", "--verbosity=0")
    consoles = [site.console() for _ in range(WRITERS)]

    def write(number: int) -> list[int]:
        return [one(consoles[number], number, step) for step in range(EACH)]

    def one(console: Console, number: int, step: int) -> int:
        seed = number * 100 + step
        if step % 4 == 3:
            console.ban(picture(seed + 50, side=96))
            console.call("sweep", work_here=True)
        return console.submit(picture(seed, side=96), f"m{seed}")

    with ThreadPoolExecutor(WRITERS) as threads:
        uploads = [upload for found in threads.map(write, range(WRITERS)) for upload in found]

    assert len(set(uploads)) == WRITERS * EACH
    assert set(site.decided(*uploads)) == {"approved"}
    assert len(site.here.call("bans")) == WRITERS * (EACH // 4)
    site.check()
