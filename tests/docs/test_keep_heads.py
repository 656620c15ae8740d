"""The script of the how-to keeps heads in a git repository, and keeps none where the history was changed."""

from __future__ import annotations

import os
import re
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = re.findall(
    r"```sh\n(.*?)```", (ROOT / "docs/how-to/keep-heads.md").read_text(encoding="utf-8"), re.DOTALL
)[0]

pytestmark = pytest.mark.slow


def _run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {
        "STATE_DIR": str(folder),
        "DATABASE_URL": f"sqlite:///{folder}/db.sqlite3",
        "DEBUG": "1",
        "SEAL_KEY": "a key that is only for this test",
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "HEADS": str(folder / "heads"),
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        **{f"GIT_{who}_{what}": "test" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
    }
    return subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False
    )


def _kept(folder: Path) -> list[str]:
    log = _run(folder, "git", "-C", str(folder / "kept"), "log", "--format=%s", "--reverse", "main")
    return log.stdout.split()


def test_heads_are_kept_until_something_is_found(tmp_path: Path) -> None:
    script = tmp_path / "keep"
    script.write_text(SCRIPT)
    _run(tmp_path, "git", "init", "--quiet", "--bare", "--initial-branch=main", str(tmp_path / "kept"))
    _run(tmp_path, "git", "clone", "--quiet", str(tmp_path / "kept"), str(tmp_path / "heads"))
    _run(tmp_path, "python", "manage.py", "migrate", "-v", "0")
    first = _run(tmp_path, "sh", str(script))
    again = _run(tmp_path, "sh", str(script))
    assert (first.returncode, again.returncode) == (0, 0), first.stderr + again.stderr
    assert [head.partition(":")[0] for head in _kept(tmp_path)] == ["1", "1"]

    with sqlite3.connect(tmp_path / "db.sqlite3") as database:
        database.execute("UPDATE moderation_blocklist SET action = 'monitor'")
    found = _run(tmp_path, "sh", str(script))

    assert found.returncode == 1
    assert '"list default"' in found.stdout
    assert len(_kept(tmp_path)) == 2
