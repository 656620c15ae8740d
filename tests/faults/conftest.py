"""Deployments for the faults: a migrated database of its own for each, processes that end with it."""

from __future__ import annotations

import contextlib
import tempfile
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from tests.faults.deployment import Deployment
from tests.servers.postgres import NamedPostgres, PostgresServer
from tests.servers.redis import NamedRedis, RedisServer

Deploy = Callable[..., Deployment]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "faults" in item.path.parts:
            item.add_marker(pytest.mark.fault)
            item.add_marker(pytest.mark.servers)
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session")
def migrated(postgres_server: PostgresServer | NamedPostgres) -> Iterator[str]:
    """Return the name of a database that is copied for every test: migrating takes seconds, copying a tenth of
    one."""
    name = f"moderation_template_{uuid.uuid4().hex[:8]}"
    with tempfile.TemporaryDirectory() as folder:
        deployment = Deployment(Path(folder), database=postgres_server.create(name))
        deployment.manage("migrate", "--verbosity=0")
        deployment.close()
        yield name
    _drop(postgres_server, name)


@pytest.fixture
def database(postgres_server: PostgresServer | NamedPostgres, migrated: str) -> Iterator[str]:
    """Return the URL of a migrated PostgreSQL database."""
    name = f"moderation_fault_{uuid.uuid4().hex[:8]}"
    with psycopg.connect(postgres_server.url("postgres"), autocommit=True) as connection:
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(migrated))
        )
    yield postgres_server.url(name)
    _drop(postgres_server, name)


@pytest.fixture
def redis_url(redis_server: RedisServer | NamedRedis) -> str:
    """Return the URL of an empty Redis."""
    redis_server.flush()
    return redis_server.url


@pytest.fixture
def deploy(tmp_path: Path) -> Iterator[Deploy]:
    """Return a maker of deployments; what they started ends with the test."""
    with contextlib.ExitStack() as stack:

        def make(*, database: str, redis: str = "", **overrides: object) -> Deployment:
            folder = tmp_path / f"site{len(list(tmp_path.iterdir()))}"
            folder.mkdir()
            deployment = Deployment(folder, database=database, redis=redis, **overrides)
            stack.callback(deployment.close)
            return deployment

        yield make


def _drop(server: PostgresServer | NamedPostgres, name: str) -> None:
    with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
