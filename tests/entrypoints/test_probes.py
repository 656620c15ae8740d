"""`/healthz` and `/readyz`: 200 where an upload would be judged, 503 with short reasons where not."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from unittest.mock import Mock

import pytest
from django.db import OperationalError
from django.test import Client
from django.utils import timezone

from moderation.exceptions import IndexUnavailable
from moderation.models import Heartbeat, Upload
from moderation.services.operations import canary, health, heartbeat
from moderation.services.search.index import banned_codes
from tests import pictures
from tests.services.people import member, send

pytestmark = pytest.mark.django_db(transaction=True)

CELERY = "moderation.dispatch.celery.CeleryDispatcher"


@pytest.fixture(autouse=True)
def _nothing_remembered() -> Iterator[None]:
    health.forget()
    yield
    health.forget()


@pytest.fixture
def with_celery(settings: Any) -> None:
    settings.MODERATION = {**settings.MODERATION, "DISPATCHER": CELERY}


def _reasons(client: Client) -> tuple[int, list[str]]:
    answer = client.get("/readyz")
    body = answer.json()
    assert body["ready"] is (answer.status_code == 200)
    assert answer["Cache-Control"].startswith("max-age=0")
    return answer.status_code, body["reasons"]


@pytest.mark.parametrize("path", ["/healthz", "/moderation/healthz"])
def test_alive_asks_nothing_of_the_database(
    client: Client, path: str, django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(0):
        assert client.get(path).json() == {"alive": True}


@pytest.mark.parametrize("path", ["/readyz", "/moderation/readyz"])
def test_a_sound_installation_is_ready(client: Client, path: str) -> None:
    answer = client.get(path)

    assert answer.status_code == 200
    assert set(answer.json()["checks"]) == {"database", "storage", "pending", "index"}


def test_without_a_database_it_is_not_and_says_no_more_than_that(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing = Mock(side_effect=OperationalError("password of postgres://secret@db"))
    monkeypatch.setattr("moderation.services.operations.health.revision.current", failing)

    answer = client.get("/readyz")

    assert answer.status_code == 503
    assert answer.json()["reasons"] == ["database_unavailable"]
    assert "secret" not in answer.content.decode()


def test_without_a_storage_it_is_not(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "moderation.services.operations.health.storage.write", Mock(side_effect=OSError("full"))
    )

    assert _reasons(client) == (503, ["storage_unavailable"])


def test_with_an_upload_that_waits_too_long_it_is_not(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("moderation.dispatch.inline.InlineDispatcher.screen", lambda *_: None)
    send(pictures.encode(pictures.scene(2)), who=member())
    assert _reasons(client) == (200, [])

    Upload.objects.update(submitted_at=timezone.now() - timedelta(minutes=10))

    assert _reasons(client) == (503, ["uploads_wait_too_long"])


def test_inline_its_own_index_has_to_follow(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(banned_codes, "catch_up", Mock(side_effect=IndexUnavailable))

    assert _reasons(client) == (503, ["index_unavailable"])


def test_inline_the_canary_has_to_sing(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(canary, "fault_of", lambda _: "canary_missed")

    assert _reasons(client) == (503, ["canary_missed"])


def test_with_celery_no_heartbeat_is_not_ready(client: Client, with_celery: None) -> None:
    assert _reasons(client) == (503, ["no_worker"])


def test_with_celery_a_fresh_heartbeat_is_ready(client: Client, with_celery: None) -> None:
    heartbeat.write()

    assert _reasons(client) == (200, [])


def test_with_celery_an_old_heartbeat_is_not(client: Client, with_celery: None) -> None:
    heartbeat.write()
    Heartbeat.objects.update(written_at=timezone.now() - timedelta(minutes=2))

    assert _reasons(client) == (503, ["no_worker"])


def test_with_celery_an_index_that_stays_behind_is_not(client: Client, with_celery: None) -> None:
    heartbeat.write()
    Heartbeat.objects.update(database_revision=5)

    assert _reasons(client) == (503, ["index_behind"])


def test_with_celery_a_worker_that_says_what_is_wrong_is_quoted(
    client: Client, with_celery: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(banned_codes, "catch_up", Mock(side_effect=IndexUnavailable))

    assert heartbeat.write().fault == "index_unavailable"

    assert _reasons(client) == (503, ["index_unavailable"])


def test_one_sound_worker_is_enough(client: Client, with_celery: None) -> None:
    heartbeat.write()
    Heartbeat.objects.create(
        name="elsewhere:1", revision=0, database_revision=3, fault="canary_missed", written_at=timezone.now()
    )

    assert _reasons(client) == (200, [])


def test_a_process_has_one_row_and_old_ones_go(with_celery: None) -> None:
    past = timezone.now() - timedelta(hours=2)
    Heartbeat.objects.create(name="gone:1", revision=0, database_revision=0, written_at=past)

    heartbeat.write()
    heartbeat.write()

    assert [row.name for row in Heartbeat.objects.all()] == [heartbeat.process_name()]
