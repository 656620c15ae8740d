"""Without a web server in front of it, gunicorn gives a thread back that a slow body has taken."""

from __future__ import annotations

import os
import socket
import sys
import time
from pathlib import Path

import pytest
import requests

from tests.faults.deployment import SiteProcess
from tests.servers.process import free_port

pytestmark = pytest.mark.servers

APPLICATION = """
from config import slow_bodies

slow_bodies.SECONDS = 0.5

def read(environ, start_response):
    body = environ["wsgi.input"].read()
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [str(len(body)).encode()]

application = slow_bodies.with_deadline(read)
"""


class Gunicorn(SiteProcess):
    """One process with one thread."""

    def __init__(self, folder: Path) -> None:
        (folder / "slow_application.py").write_text(APPLICATION)
        self.port = free_port()
        command = [
            sys.executable,
            "-m",
            "gunicorn",
            "slow_application",
            "--threads=1",
            "--worker-class=gthread",
        ]
        site = Path(__file__).resolve().parents[2] / "site"
        environment = {**os.environ, "PYTHONPATH": f"{folder}{os.pathsep}{site}"}
        super().__init__(folder, "gunicorn", [*command, f"--bind=127.0.0.1:{self.port}"], environment)

    def ready(self) -> bool:
        return self.post(b"ready") == "5"

    def post(self, body: bytes) -> str:
        return requests.post(f"http://127.0.0.1:{self.port}/", data=body, timeout=10).text


def test_a_body_that_drips_is_cut_off(tmp_path: Path) -> None:
    server = Gunicorn(tmp_path)
    server.start(wait=False)
    try:
        server.wait_until_ready(deadline=20)
        with socket.create_connection(("127.0.0.1", server.port), timeout=20) as slow:
            slow.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n")
            began = time.monotonic()
            while time.monotonic() < began + 0.4:
                slow.sendall(b"x")
                time.sleep(0.05)

            assert server.post(b"whole") == "5"
            assert 0.4 < time.monotonic() - began < 5
    finally:
        server.kill()
