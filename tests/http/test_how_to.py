"""The examples of the how-to pages work against a running filter."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from moderation import api
from moderation.models import Appeal, BannedImage, Upload
from tests.docs.blocks import ROOT, blocks
from tests.http.servers import Caller
from tests.pictures import encode, scene

pytestmark = pytest.mark.django_db(transaction=True)
QUIETLY = 'set -eu\ncurl() { command curl --silent --show-error --fail-with-body "$@"; }\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with the files that the pages name."""
    (tmp_path / "picture.jpg").write_bytes(encode(scene(1)))
    (tmp_path / "banned.jpg").write_bytes(encode(scene(2)))
    (tmp_path / "notes.txt").write_text("no picture")
    return tmp_path


def _run(arguments: list[str], *, folder: Path, url: str, key: str) -> str:
    environment = {"PATH": os.environ["PATH"], "FILTER": url, "KEY": key, "no_proxy": "*"}
    done = subprocess.run(
        arguments, cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_the_curl_examples_work_in_their_order(address: str, folder: Path) -> None:
    examples = [block.text for block in blocks("docs/how-to/http.md") if block.language == "bash"]
    caller = Caller("screen", "upload", "curate", lower=True)

    _run(
        ["bash", "-c", QUIETLY + "\n".join(examples)],
        folder=folder,
        url=address,
        key=caller.key.token,
    )

    first, second = Upload.objects.order_by("pk")
    assert (first.status, first.owner_id, first.withdrawn_at is None) == ("approved", "user-17", False)
    assert (second.status, Appeal.objects.get().upload) == ("rejected", second)
    assert [entry.active for entry in BannedImage.objects.order_by("pk")] == [True, False]
    assert (folder / "published.jpg").read_bytes()[:2] == b"\xff\xd8"


def test_every_operation_has_an_example() -> None:
    text = "".join(block.text for block in blocks("docs/how-to/http.md"))
    document = json.loads((ROOT / "docs/reference/openapi.json").read_text(encoding="utf-8"))

    def shown(path: str) -> bool:
        return path.replace("{reference}", "$REFERENCE").replace("{number}", "$NUMBER") in text

    assert [path for path in document["paths"] if not shown(path)] == []


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_the_examples_for_clients_of_hma_work(address: str, folder: Path, settings: Any) -> None:
    settings.MODERATION = {**settings.MODERATION, "ALGORITHMS": ("dhash256", "phash256", "pdqfull")}
    (examples,) = [block.text for block in blocks("docs/how-to/hma.md") if block.language == "bash"]

    out = _run(["bash", "-c", QUIETLY + examples], folder=folder, url=address, key=Caller().key.token)

    assert "I-AM-ALIVE" in out
    assert out.count('"bank_content_id"') == 2
    assert BannedImage.objects.filter(blocklist__slug="spam").count() == 2


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_the_example_for_node_works(address: str, folder: Path) -> None:
    code, said = blocks("docs/how-to/node.md")
    (folder / code.caption).write_text(code.text, encoding="utf-8")
    api.ban(encode(scene(2)))
    command, *expected = said.text.splitlines()

    out = _run(command.removeprefix("$ ").split(), folder=folder, url=address, key=Caller().key.token)

    assert [line.rstrip() for line in out.splitlines()] == expected
