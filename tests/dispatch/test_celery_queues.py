"""What the site's Celery sends, and where it ends up, on a real Redis."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults.deployment import Deployment
from tests.servers.redis import NamedRedis, RedisServer

pytestmark = pytest.mark.servers

SEND = """
import django
django.setup()
from moderation.services.dispatching import dispatcher
from moderation.dispatch.celery import publisher
dispatcher().screen(41)
dispatcher().screen(42)
dispatcher().rescan(7)
assert publisher.flush(within=10)
"""


@pytest.fixture
def site(tmp_path: Path, redis_server: RedisServer | NamedRedis) -> Deployment:
    redis_server.flush()
    return Deployment(tmp_path, database="sqlite://:memory:", redis=redis_server.url)


def send(site: Deployment) -> None:
    root = Path(__file__).resolve().parents[2]
    subprocess.run([sys.executable, "-c", SEND], env=site.environment(), cwd=root, check=True)


def test_each_message_is_in_one_queue_and_rescans_have_their_own(
    site: Deployment, redis_server: RedisServer | NamedRedis
) -> None:
    send(site)

    with redis_server.client() as client:
        assert client.llen("screening") == 2
        assert client.llen("rescans") == 1


def test_a_message_is_json_and_holds_an_id_and_nothing_else(
    site: Deployment, redis_server: RedisServer | NamedRedis
) -> None:
    send(site)

    with redis_server.client() as client:
        message = json.loads(client.lindex("rescans", 0))
    assert message["content-type"] == "application/json"
    assert message["headers"]["task"] == "moderation.tasks.rescan"
    assert message["headers"]["argsrepr"] == "(7,)"


def test_celery_is_chosen_by_redis_url(site: Deployment) -> None:
    code = (
        "import django; django.setup(); from moderation.services.dispatching import dispatcher;"
        "print(type(dispatcher()).__name__)"
    )

    def chosen(**changes: str) -> str:
        run = subprocess.run(
            [sys.executable, "-c", code],
            env=site.environment(**changes),
            capture_output=True,
            text=True,
            check=True,
        )
        return run.stdout.strip()

    assert chosen() == "CeleryDispatcher"
    assert chosen(REDIS_URL="") == "InlineDispatcher"


@pytest.mark.django_db
def test_the_log_has_the_ids_of_task_and_upload(caplog: pytest.LogCaptureFixture) -> None:
    from moderation import tasks

    with caplog.at_level(logging.INFO, logger="moderation.tasks"):
        tasks.screen.apply(args=(12345,), task_id="the-task")

    assert "task the-task: upload 12345: nothing to do" in caplog.text
