"""F12: a worker's index cannot be refreshed. It refuses to approve; readiness says 503."""

from __future__ import annotations

import requests

from tests.faults.conftest import Deploy
from tests.faults.console_client import in_text
from tests.faults.pictures import copy_of, picture
from tests.waiting import eventually


def test_f12_without_its_index_a_worker_approves_nothing(
    deploy: Deploy, database: str, redis_url: str
) -> None:
    site = deploy(database=database, redis=redis_url)
    worker = site.console()
    site.here.ban(picture(1))
    site.here.call("hide", table="moderation_fingerprint")
    good, copy = site.here.submit(picture(2), "ann"), site.here.submit(copy_of(picture(1)), "ben")

    for upload in (good, copy):
        worker.call("screen", upload_id=upload)

    rows = site.here.call("uploads")
    assert [rows[str(upload)]["status"] for upload in (good, copy)] == ["pending", "pending"]
    assert [rows[str(upload)]["attempts"] for upload in (good, copy)] == [0, 0]
    assert site.here.call("public_files") == []
    site.here.call("unhide", table="moderation_fingerprint")
    for upload in (good, copy):
        worker.call("screen", upload_id=upload)
    assert [site.here.status(upload) for upload in (good, copy)] == ["approved", "rejected"]
    site.check()


def test_f12_readiness_of_a_web_server_that_screens_itself(deploy: Deploy, database: str) -> None:
    site = deploy(database=database)
    web = site.web()

    def ready() -> int:
        return requests.get(f"{web.url}/readyz", timeout=10).status_code

    assert ready() == 200
    site.here.call("ban_and_hide", data=in_text(picture(1)), table="moderation_fingerprint")
    assert ready() == 503
    assert requests.get(f"{web.url}/healthz", timeout=10).status_code == 200
    site.here.call("unhide", table="moderation_fingerprint")
    assert ready() == 200


def test_f12_readiness_with_workers_follows_their_heartbeats(
    deploy: Deploy, database: str, redis_url: str
) -> None:
    site = deploy(database=database, redis=redis_url)
    web = site.web()

    def ready() -> int:
        return requests.get(f"{web.url}/readyz", timeout=10).status_code

    assert ready() == 503  # no worker yet
    site.worker()
    site.beat()
    eventually(ready, expect=lambda code: code == 200, deadline=30, or_say=site.logs)
    site.here.call("ban_and_hide", data=in_text(picture(1)), table="moderation_fingerprint")
    eventually(ready, expect=lambda code: code == 503, deadline=30, or_say=site.logs)
