"""F12: while no worker can refresh its index, readiness says 503, and why; then 200 again."""

from __future__ import annotations

import requests

from tests.faults.conftest import Deploy
from tests.faults.deployment import Web
from tests.faults.pictures import picture
from tests.waiting import eventually


def _reasons(web: Web) -> tuple[int, list[str]]:
    answer = requests.get(f"{web.url}/readyz", timeout=10)
    return answer.status_code, answer.json()["reasons"]


def test_f12_readiness_is_refused_while_the_index_cannot_follow(
    deploy: Deploy, database: str, redis_url: str
) -> None:
    site = deploy(database=database, redis=redis_url)
    web, worker = site.web(), site.worker()
    site.beat()
    eventually(lambda: _reasons(web) == (200, []), deadline=40, pause=0.2, or_say=site.logs)

    site.here.call("hide", table="moderation_fingerprint")

    refused = eventually(
        lambda: _reasons(web), expect=lambda found: found[0] == 503, deadline=40, pause=0.2, or_say=site.logs
    )
    assert refused == (503, ["index_unavailable"])
    site.here.call("unhide", table="moderation_fingerprint")
    site.here.ban(picture(1))
    eventually(lambda: _reasons(web) == (200, []), deadline=40, pause=0.2, or_say=site.logs)
    assert worker.running()


def test_f12_a_dead_worker_is_noticed(deploy: Deploy, database: str, redis_url: str) -> None:
    site = deploy(database=database, redis=redis_url)
    web, worker = site.web(), site.worker()
    eventually(lambda: _reasons(web) == (200, []), deadline=40, pause=0.2, or_say=site.logs)

    worker.kill()
    site.here.call("heartbeats_are_old")

    assert _reasons(web) == (503, ["no_worker"])
