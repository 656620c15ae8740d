"""Fixtures: real servers. ``pytest_plugins = ["tests.plugin_servers"]`` in the root conftest.

``postgres_server`` and ``redis_server`` are for everybody and must be left running as they were found;
``mortal_postgres`` and ``mortal_redis`` belong to one test, which may do to them what it likes.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers import postgres, redis


def _or_skip() -> None:
    try:
        postgres.programs()
        redis.program()
    except postgres.NoServer as error:
        if not (os.environ.get("TEST_DATABASE_URL") and os.environ.get("TEST_REDIS_URL")):
            pytest.skip(str(error))


@pytest.fixture(scope="session")
def postgres_server() -> postgres.PostgresServer | postgres.NamedPostgres:
    """Start the PostgreSQL of this run; ``.create()`` makes an empty database and returns its URL."""
    _or_skip()
    return postgres.shared()


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[redis.RedisServer | redis.NamedRedis]:
    """Start the Redis of this run."""
    _or_skip()
    if named := os.environ.get("TEST_REDIS_URL"):
        yield redis.NamedRedis(named)
        return
    server = redis.RedisServer(tmp_path_factory.mktemp("redis"))
    server.start()
    yield server
    server.kill()


@pytest.fixture
def mortal_postgres() -> Iterator[postgres.PostgresServer]:
    """Start a PostgreSQL for one test."""
    _or_skip()
    # Not under pytest's private folders: as root, postgres runs as another user.
    server = postgres.PostgresServer(Path(tempfile.mkdtemp(prefix="moderation-postgres-")))
    server.start()
    yield server
    server.remove()


@pytest.fixture
def mortal_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[redis.RedisServer]:
    """Start a Redis for one test."""
    _or_skip()
    server = redis.RedisServer(tmp_path_factory.mktemp("redis"))
    server.start()
    yield server
    server.kill()
