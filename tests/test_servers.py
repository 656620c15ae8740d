"""The servers of the tests do what the tests of the faults rely on."""

from __future__ import annotations

import time

import psycopg
import pytest
import redis as redis_client

from tests.servers.postgres import PostgresServer
from tests.servers.redis import RedisServer
from tests.waiting import eventually

pytestmark = pytest.mark.servers


def test_a_killed_postgres_comes_back_with_what_was_committed(mortal_postgres: PostgresServer) -> None:
    url = mortal_postgres.create()
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE kept (number integer)")
        connection.execute("INSERT INTO kept VALUES (7)")
    open_connection = psycopg.connect(url)

    mortal_postgres.kill()

    with pytest.raises(psycopg.OperationalError):
        open_connection.execute("SELECT 1")
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(url, connect_timeout=2)
    mortal_postgres.restart()
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT number FROM kept").fetchall() == [(7,)]


def test_a_frozen_redis_does_not_answer_and_thaws(mortal_redis: RedisServer) -> None:
    client = redis_client.Redis.from_url(mortal_redis.url, socket_timeout=0.3)
    client.set("a", 1)

    mortal_redis.freeze()
    with pytest.raises(redis_client.TimeoutError):
        client.get("a")
    mortal_redis.thaw()

    assert eventually(lambda: client.get("a")) == b"1"


def test_a_killed_redis_has_forgotten_everything(mortal_redis: RedisServer) -> None:
    mortal_redis.client().set("a", 1)

    mortal_redis.restart()

    assert mortal_redis.client().get("a") is None


def test_waiting_says_what_it_saw_last() -> None:
    began = time.monotonic()
    with pytest.raises(AssertionError, match="last: 'no'"):
        eventually(lambda: "no", expect=lambda value: value == "yes", deadline=0.1)
    assert time.monotonic() - began < 1
