"""F15: the disk is full. A clean error, no corruption."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.faults.conftest import Deploy
from tests.faults.console_client import RemoteError
from tests.faults.pictures import picture

SMALL = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c"]
"""Mounts a small disk of its own for one process and its children; no privilege needed."""


def on_a_small_disk(folder: Path) -> list[str]:
    folder.mkdir()
    script = f'mount -t tmpfs -o size=400k none "{folder}" && exec "$0" "$@"'
    try:
        subprocess.run([*SMALL, script, "true"], check=True, capture_output=True, timeout=10)
    except (OSError, subprocess.SubprocessError):
        pytest.skip("this system lets nobody mount a small file system")
    return [*SMALL, script]


def test_f15_an_upload_on_a_full_disk_stores_nothing_and_says_so(
    deploy: Deploy, database: str, tmp_path: Path
) -> None:
    disk = tmp_path / "disk"
    within = on_a_small_disk(disk)
    site = deploy(database=database)
    console = site.console(within=within, QUARANTINE_ROOT=str(disk))
    assert console.call("fill", folder=str(disk)) > 100_000

    with pytest.raises(RemoteError, match="No space left"):
        console.submit(picture(1))

    assert site.here.call("uploads") == {}
    console.call("free", folder=str(disk))
    assert console.status(console.submit(picture(1))) == "approved"
    site.check()


def test_f15_a_verdict_that_cannot_be_published_leaves_the_upload_unapproved(
    deploy: Deploy, database: str, tmp_path: Path
) -> None:
    disk = tmp_path / "disk"
    within = on_a_small_disk(disk)
    site = deploy(database=database)
    console = site.console(within=within, MEDIA_ROOT=str(disk / "media"))
    console.call("fill", folder=str(disk))

    upload = console.submit(picture(1))

    assert console.status(upload) == "pending"
    assert console.call("violations") == []
    console.call("free", folder=str(disk))
    console.call("sweep", work_here=True)
    assert console.status(upload) == "approved"
    console.call("removals_due_now")
    console.call("sweep", work_here=True)
    assert console.call("public_files") == [console.call("upload", upload_id=upload)["published"]]
    assert console.call("violations") == []
