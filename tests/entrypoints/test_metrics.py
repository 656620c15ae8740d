"""`/metrics`: who may read it, what it counts, and that nothing breaks without the extra."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from django.test import Client
from prometheus_client import REGISTRY

from moderation import api
from moderation.dispatch.publisher import Publisher
from moderation.exceptions import DecoderCrashed, NotAnImage
from moderation.services import metrics
from moderation.services.operations import heartbeat
from moderation.services.uploads import screening
from tests import pictures
from tests.services.people import member, send

pytestmark = pytest.mark.django_db(transaction=True)

DATA = pictures.encode(pictures.scene(7))


def value(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


@pytest.mark.parametrize("path", ["/metrics", "/moderation/metrics"])
def test_this_machine_may_read_them(client: Client, path: str) -> None:
    answer = client.get(path)

    assert answer.status_code == 200
    assert b"moderation_oldest_pending_seconds 0.0" in answer.content


@pytest.mark.parametrize(
    "headers",
    [
        {"REMOTE_ADDR": "203.0.113.9"},
        {"REMOTE_ADDR": ""},
        {"HTTP_X_FORWARDED_FOR": "203.0.113.9"},
        {"HTTP_FORWARDED": "for=203.0.113.9"},
    ],
)
def test_others_may_not_nor_those_behind_a_proxy_here(client: Client, headers: dict[str, Any]) -> None:
    assert client.get("/metrics", **headers).status_code == 403


@pytest.mark.parametrize(("given", "status"), [("Bearer right", 200), ("Bearer wrong", 403), ("", 403)])
def test_with_a_token_only_the_token_counts(client: Client, settings: Any, given: str, status: int) -> None:
    settings.MODERATION = {**settings.MODERATION, "METRICS_TOKEN": "right"}

    answer = client.get("/metrics", REMOTE_ADDR="203.0.113.9", headers={"Authorization": given})

    assert answer.status_code == status


def test_verdicts_stages_and_attempts_are_counted() -> None:
    verdicts = value("moderation_verdicts_total", verdict="block", reason="copy")
    attempts = value("moderation_attempts_total", outcome="decided")
    stages = {
        name: value("moderation_stage_seconds_count", stage=name) for name in ("decode", "match", "write")
    }
    api.ban(DATA)

    send(pictures.edited_copies(pictures.scene(7))["mirrored"], who=member())

    assert value("moderation_verdicts_total", verdict="block", reason="copy") == verdicts + 1
    assert value("moderation_attempts_total", outcome="decided") == attempts + 1
    for name, before in stages.items():
        assert value("moderation_stage_seconds_count", stage=name) > before, name


def test_what_did_not_work_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    crashes = value("moderation_sandbox_failures_total", code="decoder_crashed")
    refusals = value("moderation_refusals_total", reason="not_an_image")

    def crash(*_: object) -> None:
        raise DecoderCrashed

    with pytest.raises(NotAnImage):
        send(b"no picture", who=member())
    with monkeypatch.context() as patch:
        patch.setattr(screening, "decoder", crash)
        send(DATA, who=member())

    assert value("moderation_sandbox_failures_total", code="decoder_crashed") == crashes + 1
    assert value("moderation_refusals_total", reason="not_an_image") == refusals + 1


def test_wake_ups_that_were_not_sent_are_counted() -> None:
    before = value("moderation_dispatch_failures_total")

    def fail() -> None:
        raise ConnectionError

    publisher = Publisher()
    publisher.publish(fail, what="a wake-up")

    assert publisher.flush(within=5)
    assert value("moderation_dispatch_failures_total") == before + 1


def test_workers_are_seen_through_their_heartbeats(client: Client, settings: Any) -> None:
    settings.MODERATION = {
        **settings.MODERATION,
        "DISPATCHER": "moderation.dispatch.celery.CeleryDispatcher",
    }
    heartbeat.write()
    api.ban(DATA)

    text = client.get("/metrics").content.decode()

    name = heartbeat.process_name()
    assert f'moderation_revision_lag{{process="{name}"}} 1.0' in text
    assert f'moderation_heartbeat_fault{{process="{name}"}} 0.0' in text


def test_no_picture_and_no_person_is_in_them(client: Client) -> None:
    ada = member("ada-lovelace")
    upload = send(DATA, who=ada)

    text = client.get("/metrics").content.decode()

    for secret in (upload.reference, bytes(upload.sha256).hex(), "ada-lovelace", upload.published):
        assert secret not in text


def test_without_the_extra_it_says_which_one(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "INSTALLED", False)

    answer = client.get("/metrics")

    assert answer.status_code == 501
    assert "django-image-blocklist[metrics]" in answer.content.decode()


WITHOUT = """
import sys
sys.modules["prometheus_client"] = None
from moderation.services import metrics
metrics.verdict("allow", "no_match", seconds=1)
metrics.attempt("decided"); metrics.sandbox_failed("x"); metrics.dispatch_failed()
metrics.refused_at_the_door("x"); metrics.too_many_uploads()
with metrics.stage("decode"): pass
print("counted nothing")
"""


def test_without_the_extra_counting_does_nothing() -> None:
    done = subprocess.run([sys.executable, "-c", WITHOUT], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "counted nothing"
