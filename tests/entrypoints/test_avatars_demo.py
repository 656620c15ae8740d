"""``manage.py demo``, as ``make demo`` calls it."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from avatars.demo import show, table
from avatars.demo.pictures import EDITS, PicturesMissing, as_jpeg, photograph
from tests import pictures

ROOT = Path(__file__).resolve().parents[2]
needs_photographs = pytest.mark.skipif(
    not list(Path(sys.prefix).glob("lib/python*/site-packages/skimage/data/rocket.jpg")),
    reason="the demo's photographs come with scikit-image, which is not installed",
)


def _environment(folder: Path, **more: str) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return kept | {"STATE_DIR": str(folder), "PYTHONIOENCODING": "utf-8"} | more


def _demo(folder: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", "demo", *arguments],
        cwd=ROOT,
        env=_environment(folder, **more),
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )


@contextmanager
def _taken() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def _free() -> int:
    with _taken() as port:
        return port


def _words(line: str) -> list[str]:
    return [cell.strip() for cell in line.split("   ") if cell.strip()]


@pytest.mark.slow
@needs_photographs
def test_it_shows_the_main_job_and_serves_the_site(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    elsewhere = tmp_path / "production.sqlite3"

    first = _demo(folder, "--no-serve", DATABASE_URL=f"sqlite:///{elsewhere}", ALLOWED_HOSTS="a.example")

    assert (first.returncode, first.stderr) == (0, "")
    assert not elsewhere.exists(), "what the shell names is left alone"
    rows = {words[0]: words for line in first.stdout.splitlines() if len(words := _words(line)) > 3}
    verdicts = {name: words[1] for name, words in rows.items()}
    copies = {name for name in verdicts if name.startswith(("rocket-", "coffee-"))}
    near = {name for name in copies if re.search("captioned|cropped|tilted|screenshot", name)}
    assert {verdicts[name] for name in copies - near} == {"block"}
    assert {verdicts[name] for name in near} <= {"hold", "block"}
    assert {verdicts[name] for name in ("astronaut.jpg", "chelsea.jpg", "motorcycle-left.jpg")} == {"allow"}
    assert "letter.jpg" in verdicts
    assert verdicts["letter.jpg"] == "refused"
    assert "taken down at once" in first.stdout
    assert "Traceback" not in first.stdout

    _serves_at_once(folder)


def _serves_at_once(folder: Path) -> None:
    port = _free()
    process = subprocess.Popen(
        [sys.executable, "manage.py", "demo", "--port", str(port)],
        cwd=ROOT,
        env=_environment(folder),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        page = _get(f"http://127.0.0.1:{port}/", patience=60)
        assert "Eileen" in page
        assert "/media/" in page
        assert "password" in _get(f"http://127.0.0.1:{port}/admin/", patience=5)
    finally:
        process.terminate()
        said, _ = process.communicate(timeout=20)
    assert f"http://127.0.0.1:{port}/" in said
    assert "verdict" not in said, "nothing is shown again"
    for account in ("uploader", "moderator", "senior moderator"):
        assert f"  {account} " in said


def _get(address: str, *, patience: float) -> str:
    until = time.monotonic() + patience
    while True:
        try:
            with urllib.request.urlopen(address, timeout=10) as answer:
                return str(answer.read().decode())
        except (urllib.error.URLError, ConnectionError):
            if time.monotonic() > until:
                raise
            time.sleep(0.2)


def test_a_taken_port_is_said_before_anything_is_made(tmp_path: Path) -> None:
    with _taken() as port:
        result = _demo(tmp_path / "state", "--port", str(port))

    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.strip().startswith(f"Port {port} of 127.0.0.1 is taken")
    assert len(result.stderr.strip().splitlines()) == 1
    assert not list(tmp_path.rglob("*.sqlite3"))


@pytest.mark.parametrize("port", ["0", "65536", "eighty", "-1"])
def test_a_port_that_is_none_is_wrong_usage(tmp_path: Path, port: str) -> None:
    result = _demo(tmp_path / "state", f"--port={port}")

    assert result.returncode == 2
    assert "1 to 65535" in result.stderr
    assert not list(tmp_path.rglob("*.sqlite3"))


def test_photographs_that_are_not_installed_are_said_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("avatars.demo.pictures.find_spec", lambda name: None)

    with pytest.raises(PicturesMissing, match="install scikit-image"):
        photograph("rocket.jpg")


@needs_photographs
def test_it_counts_what_it_sends() -> None:
    assert show.count() == len([*show.innocent(), show.published_first(), *show.copies()])


def test_no_edit_is_the_same_file() -> None:
    picture = pictures.scene(1)
    made = [edit.make(picture) for edit in EDITS]

    assert len({*made, as_jpeg(picture)}) == len(EDITS) + 1


def test_the_table_is_aligned() -> None:
    rows = [
        show.Row(
            file="a.jpg", verdict="block", reason="copy", method="dhash256/1", distance=3, milliseconds=41.6
        ),
        show.Row(
            file="a-longer-one.gif",
            verdict="refused",
            reason="",
            method="",
            distance=None,
            milliseconds=1234.0,
        ),
    ]

    lines = list(table.lines(rows))

    assert len({len(line) for line in lines}) == 1
    assert lines[2].endswith("42 ms")
