"""deploy/nginx.conf with a real nginx before a real gunicorn: slow and large requests stop nobody."""

from __future__ import annotations

import contextlib
import re
import shutil
import socket
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
import requests

from tests.deployment.compose import ROOT
from tests.faults.deployment import Deployment, SiteProcess
from tests.servers.process import free_port

pytestmark = [pytest.mark.servers, pytest.mark.slow]

CLIENTS = 64
"""Of each kind, from one address: as many as it may have at once."""
MEGABYTES_400 = 400 * 1024 * 1024


class Nginx(SiteProcess):
    """The distribution's nginx with our configuration."""

    def __init__(self, folder: Path, *, upstream: str) -> None:
        program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
        if program is None:
            pytest.skip("no nginx on PATH: these tests need one (on Debian: apt install nginx-light)")
        self.port = free_port()
        text = (ROOT / "deploy" / "nginx.conf").read_text()
        for ours, here in {
            "web:8000": upstream,
            "listen 8080": f"listen 127.0.0.1:{self.port}",
            "/tmp/": f"{folder}/",
            "include mime.types": "include /etc/nginx/mime.types",
        }.items():
            assert ours in text, ours
            text = text.replace(ours, here)
        (folder / "nginx.conf").write_text(text)
        command = [program, "-p", str(folder), "-c", str(folder / "nginx.conf"), "-g", "daemon off;"]
        super().__init__(folder, "nginx", command, {})

    def ready(self) -> bool:
        return requests.get(f"{self.url}/healthz", timeout=5).status_code == 200

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nginx]:
    folder = tmp_path_factory.mktemp("front")
    site = Deployment(folder, database=f"sqlite:///{folder}/db.sqlite3")
    site.manage("migrate", "--verbosity=0")
    web = site.web("--workers=1", TRUSTED_PROXIES="127.0.0.1", SERVE_MEDIA="0")
    nginx = Nginx(folder, upstream=f"127.0.0.1:{web.port}")
    nginx.start(wait=False)
    nginx.wait_until_ready(deadline=20)
    yield nginx
    nginx.kill()
    site.close()


def connections(
    front: Nginx, stack: contextlib.ExitStack, count: int, beginning: bytes
) -> list[socket.socket]:
    """Return ``count`` connections that have sent the beginning of a request."""
    made = [stack.enter_context(socket.create_connection(("127.0.0.1", front.port))) for _ in range(count)]
    for one in made:
        one.sendall(beginning)
    return made


def seconds_to_health(front: Nginx) -> float:
    """Return how long ``/healthz`` takes for a client from elsewhere."""
    began = time.monotonic()
    answer = requests.get(f"{front.url}/healthz", headers={"X-Forwarded-For": "203.0.113.7"}, timeout=20)
    assert answer.status_code == 200
    return time.monotonic() - began


@pytest.mark.parametrize(
    "beginning",
    [
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ",
        b"POST /accounts/login/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000\r\n\r\nusername=",
    ],
    ids=["headers", "bodies"],
)
@pytest.mark.parametrize("count", [8, CLIENTS])
def test_slow_clients_keep_nobody_waiting(front: Nginx, beginning: bytes, count: int) -> None:
    with contextlib.ExitStack() as stack:
        slow = connections(front, stack, count, beginning)
        for _ in range(3):
            for one in slow:
                one.sendall(b"x")
            assert seconds_to_health(front) <= 1


def test_a_body_of_400_mb_is_refused_before_it_is_stored(front: Nginx) -> None:
    paths: Sequence[str] = ("/", "/accounts/login/", "/me/", "/admin/moderation/bannedimage/add/")
    for path in paths:
        before = stored(front.folder)
        head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {MEGABYTES_400}\r\n\r\n"
        with socket.create_connection(("127.0.0.1", front.port), timeout=20) as client:
            client.sendall(head.encode())
            answer = client.recv(200)
        assert re.match(rb"HTTP/1\.1 413", answer), (path, answer)
        assert stored(front.folder) - before < 100_000, path


def stored(folder: Path) -> int:
    """Return the bytes of all files in a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
