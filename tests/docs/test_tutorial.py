"""The tutorial, followed to the letter: each block is written or run, and what it shows is what comes."""

from __future__ import annotations

import re
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from tests.docs.blocks import ROOT, Block, blocks
from tests.docs.conftest import Reader
from tests.waiting import eventually

pytestmark = pytest.mark.slow

PAGE = "docs/tutorial.md"
NEEDS_A_NETWORK = ("python -m venv", ". .venv/bin/activate", "pip install")
SERVE = "python manage.py runserver"
TEST = "python manage.py test"


def test_it_works(reader: Reader, photographs: dict[str, bytes]) -> None:
    output = ""
    for block in blocks(PAGE):
        if block.caption:
            reader.write(block.caption, block.text)
        elif block.language == "text":
            assert _shown(block) <= _lines(output), output
        elif SERVE in block.text:
            assert block.text.strip() == SERVE
            with _served(reader) as address:
                _upload_both(address, reader.folder)
        else:
            assert block.language == "sh"
            before = _files(reader.folder)
            output = reader.run(_typed(block))
            assert block.text.strip() != TEST or _files(reader.folder) == before
            for name, data in photographs.items():
                (reader.folder / name).write_bytes(data)
    assert "Ran 3 tests" in output
    assert "OK" in output


def _files(folder: Path) -> set[Path]:
    return {path for name in ("media", "quarantine") for path in (folder / name).rglob("*") if path.is_file()}


def test_it_installs_what_we_publish() -> None:
    name = re.search(r'^name = "(.+)"', (ROOT / "pyproject.toml").read_text(encoding="utf-8"), re.MULTILINE)

    assert name is not None
    assert f'pip install "{name[1]}[local]"\n' in blocks(PAGE)[0].text


def _typed(block: Block) -> str:
    lines = [line for line in block.text.splitlines() if not line.startswith(NEEDS_A_NETWORK)]
    return "\n".join(line.replace("createsuperuser", "createsuperuser --noinput") for line in lines)


def _shown(block: Block) -> set[str]:
    return _lines(block.text)


def _lines(text: str) -> set[str]:
    """Return the lines without distances and times, which depend on the picture and the machine."""
    return {re.sub(r"(?:, .hash256/1 at .*)? \[.+ ms\]$", "", line) for line in text.splitlines()}


@contextmanager
def _served(reader: Reader) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    server = subprocess.Popen(
        [*SERVE.split(), "--noreload", address],
        cwd=reader.folder,
        env=reader.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        eventually(lambda: _answers(f"http://{address}/moderation/healthz"), deadline=60)
        yield f"http://{address}"
    finally:
        server.terminate()
        server.wait(timeout=20)


def _answers(address: str) -> bool:
    try:
        return requests.get(address, timeout=5).ok
    except requests.ConnectionError:
        return False


def _upload_both(address: str, folder: Path) -> None:
    browser = requests.Session()
    _post(browser, f"{address}/admin/login/", {"username": "reader", "password": "a password of the test"})

    turned_down = _post(browser, f"{address}/new/", {"name": "Rex"}, folder / "copy.jpg")
    assert "This picture is not allowed here." in turned_down
    assert "<img" not in turned_down

    taken = _post(browser, f"{address}/new/", {"name": "Tom"}, folder / "innocent.jpg")
    (published,) = re.findall(r'<img src="([^"]+)"', taken)
    assert browser.get(address + published, timeout=30).headers["Content-Type"] == "image/jpeg"


def _post(browser: requests.Session, address: str, fields: dict[str, str], photo: Path | None = None) -> str:
    browser.get(address, timeout=30)
    fields = {**fields, "csrfmiddlewaretoken": browser.cookies["csrftoken"] or ""}
    files = {"photo": (photo.name, photo.read_bytes(), "image/jpeg")} if photo else None
    answer = browser.post(address, fields, files=files, timeout=60)
    assert answer.status_code == 200 or answer.url.endswith("/accounts/profile/"), answer.text
    return answer.text
