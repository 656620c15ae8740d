"""What a child that a picture has taken over can still do: as little as the platform allows."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from moderation.domain.analysis import AnalysisOptions
from moderation.domain.sandbox import Sandbox, SandboxLimits
from moderation.exceptions import DecoderCrashed

DOUBLES = {"analyse": "tests.domain.sandbox_doubles:analyse"}

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux has these walls")


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(SandboxLimits(workers=1), targets=DOUBLES) as box:
        yield box


def note(box: Sandbox, data: bytes) -> str:
    return box.analyse(data, AnalysisOptions()).notes[0]


def need(box: Sandbox, wall: str) -> None:
    got = box.containment()[wall]
    if got.startswith("not "):
        pytest.skip(f"this platform gives no {wall}: {got}")


def test_it_says_what_it_obtained(sandbox: Sandbox) -> None:
    got = sandbox.containment()

    assert got["platform"] == "linux"
    assert got["memory"] == str(SandboxLimits().memory)
    assert got["core dumps"] == "0"
    assert {"network", "files", "system calls", "capabilities", "dies with parent"} <= set(got)


def test_no_environment_of_the_parent(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgres://somewhere")
    monkeypatch.setenv("SECRET_KEY", "hidden")
    with Sandbox(SandboxLimits(workers=1), targets=DOUBLES) as box:
        names = set(note(box, b"tell environment").split(","))

    assert not names & {"DATABASE_URL", "SECRET_KEY", "HOME", "PATH", "DJANGO_SETTINGS_MODULE"}


def test_no_descriptor_but_the_three(sandbox: Sandbox, tmp_path: Path) -> None:
    box = Sandbox(SandboxLimits(workers=1), targets=DOUBLES)
    with (tmp_path / "open").open("wb"), socket.create_server(("127.0.0.1", 0)), box:
        assert note(box, b"tell open") == "0,1,2"


def test_no_network(sandbox: Sandbox) -> None:
    need(sandbox, "network")
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert note(sandbox, b"connect %d" % server.getsockname()[1]) == "refused"


def test_no_files_but_its_own_code(sandbox: Sandbox, tmp_path: Path) -> None:
    need(sandbox, "files")
    secret = tmp_path / "secret"
    secret.write_text("secret")

    assert note(sandbox, b"read " + bytes(secret)).startswith("refused")
    assert note(sandbox, b"read /proc/%d/environ" % os.getpid()).startswith("refused")
    assert note(sandbox, b"read " + bytes(Path(socket.__file__))).startswith("read")


def test_nothing_is_written(sandbox: Sandbox, tmp_path: Path) -> None:
    assert note(sandbox, b"write " + bytes(tmp_path / "new")) == "refused"


def test_no_signals_to_others(sandbox: Sandbox) -> None:
    need(sandbox, "system calls")
    assert note(sandbox, b"signal %d" % os.getpid()) == "refused"


def test_no_processes(sandbox: Sandbox) -> None:
    need(sandbox, "system calls")
    assert note(sandbox, b"fork") == "refused"


@pytest.mark.parametrize(
    "said",
    [
        pytest.param(b"garbage \x00\x00\x00\x04\x00\x00\x00\x00null", id="another type"),
        pytest.param(b"garbage \xff\xff\xff\xff\xff\xff\xff\xff", id="eight gigabytes"),
        pytest.param(b"garbage \x00\x00\x00\x02\x00\x00\x00\x00}{", id="no JSON"),
        pytest.param(b"lie", id="the digest of other bytes"),
    ],
)
def test_what_it_says_is_not_believed_blindly(sandbox: Sandbox, said: bytes) -> None:
    with pytest.raises(DecoderCrashed):
        sandbox.analyse(said, AnalysisOptions())
