"""Requests are counted by key, address and status."""

from __future__ import annotations

import prometheus_client
import pytest

from tests.http.servers import Caller
from tests.pictures import encode, scene

pytestmark = pytest.mark.django_db


def _count(key: str, route: str, status: int) -> float:
    labels = {"key": key, "route": route, "status": str(status)}
    return prometheus_client.REGISTRY.get_sample_value("moderation_api_seconds_count", labels) or 0.0


def test_a_request_counts_for_its_key() -> None:
    caller = Caller("screen", name="counted")

    caller.raw("/v1/screen", encode(scene(1)))
    caller.raw("/v1/screen", b"")
    caller.get("/v1/uploads/ABCD-EFGH")

    assert _count("counted", "POST /v1/screen", 200) == 1
    assert _count("counted", "POST /v1/screen", 422) == 1
    assert _count("counted", "GET /v1/uploads/<reference>", 403) == 1


def test_a_request_without_a_key_counts_for_none() -> None:
    before = _count("", "GET /v1/bans", 401)
    caller = Caller()
    caller.client.defaults["HTTP_AUTHORIZATION"] = "Bearer x"

    caller.get("/v1/bans")

    assert _count("", "GET /v1/bans", 401) == before + 1
