"""The whole site as processes: database, broker, web server, Celery workers, beat."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import requests

from tests.faults.console_client import Console
from tests.servers.process import ServerProcess, free_port
from tests.waiting import eventually

ROOT = Path(__file__).resolve().parents[2]
KEY = "only for tests, and long enough to pass for a key"


class SiteProcess(ServerProcess):
    """One process of the site."""

    def __init__(
        self, folder: Path, name: str, command: Sequence[str], environment: Mapping[str, str]
    ) -> None:
        self.name = name
        super().__init__(folder)
        self._command, self._environment = command, environment

    def command(self) -> Sequence[str]:
        return self._command

    def environment(self) -> Mapping[str, str]:
        return self._environment

    def ready(self) -> bool:
        return True

    def said(self, words: str) -> bool:
        """Return whether its log has these words."""
        return words in self.log.read_text(errors="replace")


class Web(SiteProcess):
    """gunicorn on a free port."""

    port = 0

    def ready(self) -> bool:
        return requests.get(f"{self.url}/accounts/login/", timeout=5).status_code == 200

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


class Worker(SiteProcess):
    """A Celery worker."""

    def ready(self) -> bool:
        return self.said(" ready.")


class Deployment:
    """One site: a folder, a database, perhaps a broker, and the processes that a test starts."""

    def __init__(self, folder: Path, *, database: str, redis: str = "", **overrides: object) -> None:
        self.folder = folder
        self.database = database
        self.redis = redis
        self.overrides: dict[str, object] = {"LEASE_SECONDS": 4, "SANDBOX_SECONDS": 2.0, **overrides}
        self._open = contextlib.ExitStack()
        self._count = 0
        self._console: Console | None = None

    def environment(self, **changes: str) -> dict[str, str]:
        kept = {
            name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "TMPDIR")
        }
        environment = kept | {
            "PYTHONPATH": os.pathsep.join(
                [str(ROOT), str(ROOT / "site"), *filter(None, [os.environ.get("PYTHONPATH")])]
            ),
            "DJANGO_SETTINGS_MODULE": "tests.faults.settings",
            "DATABASE_URL": self.database,
            "STATE_DIR": str(self.folder),
            "SECRET_KEY": KEY,
            "SEAL_KEY": KEY,
            "DEBUG": "0",
            "ALLOWED_HOSTS": "127.0.0.1",
            "SERVE_MEDIA": "1",
            "LOG_LEVEL": "INFO",
            "MODERATION_OVERRIDES": json.dumps(self.overrides),
            "VISIBILITY_TIMEOUT": "5",
            "SWEEP_SECONDS": "1",
            "HEARTBEAT_SECONDS": "1",
        }
        if self.redis:
            environment["REDIS_URL"] = self.redis
        return environment | changes

    def manage(self, *arguments: str) -> str:
        """Run a management command; its output."""
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=self.environment(REDIS_URL=""),
            check=False,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def console(self, *, within: Sequence[str] = (), **changes: str) -> Console:
        """Start another process of the site to call services in; ``within`` is a command that runs it."""
        console = Console(self.environment(**changes), self.folder / "console.log", within=within)
        self._open.callback(console.close)
        return console

    @property
    def here(self) -> Console:
        """The console that is used for everything that needs none of its own."""
        if self._console is None:
            self._console = self.console()
        return self._console

    def worker(self, *options: str, **changes: str) -> Worker:
        """Start a Celery worker with one pool process, and wait until it is ready."""
        self._count += 1
        command = [sys.executable, "-m", "celery", "-A", "config", "worker", "--loglevel=INFO"]
        command += ["--concurrency=1", f"--hostname=worker{self._count}@%h", "--without-gossip"]
        worker = Worker(
            self.folder, f"worker{self._count}", [*command, *options], self.environment(**changes)
        )
        self._start(worker)
        return worker

    def beat(self) -> SiteProcess:
        """Start Celery's beat, sweeping every second."""
        command = [sys.executable, "-m", "celery", "-A", "config", "beat", "--loglevel=INFO"]
        beat = SiteProcess(self.folder, "beat", command, self.environment())
        self._start(beat)
        return beat

    def web(self, *options: str, **changes: str) -> Web:
        """Start gunicorn with one process of four threads, and wait until it answers."""
        port = free_port()
        command = [sys.executable, "-m", "gunicorn", "config.wsgi", "--bind", f"127.0.0.1:{port}"]
        command += ["--threads=4", "--graceful-timeout=20", "--log-level=info", *options]
        web = Web(self.folder, "web", command, self.environment(**changes))
        web.port = port
        self._start(web)
        return web

    def decided(self, *uploads: int, deadline: float = 40.0) -> list[str]:
        """Wait until none of the uploads is pending; their statuses."""

        def statuses() -> list[str]:
            rows = self.here.call("uploads")
            return [str(rows[str(upload)]["status"]) for upload in uploads]

        return eventually(
            statuses,
            expect=lambda found: "pending" not in found,
            deadline=deadline,
            pause=0.1,
            or_say=self.logs,
        )

    def check(self) -> None:
        """Assert the global invariants."""
        assert self.here.call("violations") == []

    def logs(self) -> str:
        """Return the tails of all logs, for a failing test."""
        tails = [
            f"== {log.name}\n{log.read_text(errors='replace')[-3000:]}" for log in self.folder.glob("*.log")
        ]
        return "\n".join(["", *tails])

    def close(self) -> None:
        self._open.close()

    def _start(self, process: SiteProcess) -> None:
        process.start(wait=False)
        self._open.callback(process.kill)
        process.wait_until_ready(deadline=40)


class Browser:
    """A member's session, as a browser has one."""

    def __init__(self, web: Web, name: str) -> None:
        self.base = web.url
        self.session = requests.Session()
        # A server may close a kept connection at any time; browsers try again, this one does not.
        self.session.headers["Connection"] = "close"
        self._post("/accounts/login/", {"username": name, "password": name * 2}).raise_for_status()

    def upload(self, data: bytes, *, follow: bool = True) -> requests.Response:
        """Send the profile form with a picture, and ask for the page that it redirects to."""
        return self._post(
            "/me/",
            {"display_name": "", "about": "", "listed": "on"},
            {"picture": ("avatar.png", data, "image/png")},
            follow=follow,
        )

    def get(self, path: str) -> requests.Response:
        return self.session.get(self.base + path, timeout=30)

    def _post(
        self, path: str, data: dict[str, str], files: Any = None, *, follow: bool = True
    ) -> requests.Response:
        if "csrftoken" not in self.session.cookies:
            self.get("/accounts/login/").raise_for_status()
        fields = {**data, "csrfmiddlewaretoken": self.session.cookies["csrftoken"]}
        return self.session.post(
            self.base + path, data=fields, files=files, timeout=30, allow_redirects=follow
        )
