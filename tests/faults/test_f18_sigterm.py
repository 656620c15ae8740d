"""F18: SIGTERM. It finishes what it has, and exits with 0."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from tests.faults.conftest import Deploy
from tests.faults.decoder import poisoned
from tests.faults.deployment import Browser
from tests.faults.pictures import picture
from tests.waiting import eventually


def test_f18_a_worker_finishes_its_upload_and_leaves_the_rest_in_the_queue(
    deploy: Deploy, database: str, redis_url: str
) -> None:
    site = deploy(database=database, redis=redis_url, SANDBOX_SECONDS=10.0)
    worker = site.worker()
    running = site.here.submit(poisoned(picture(1), "slow 1.5"), "ann")
    eventually(lambda: site.here.call("upload", upload_id=running)["attempts"] == 1, or_say=site.logs)
    waiting = site.here.submit(poisoned(picture(2), "slow 1.5"), "ben")

    assert worker.terminate() == 0

    assert site.here.status(running) == "approved"
    assert site.here.call("upload", upload_id=running)["attempts"] == 1
    site.worker()
    site.beat()
    assert site.decided(waiting) == ["approved"]
    site.check()


def test_f18_the_web_server_answers_what_it_has_taken(deploy: Deploy, database: str) -> None:
    site = deploy(database=database, SANDBOX_SECONDS=10.0)
    site.here.call("member", name="ann")
    web = site.web()
    browser = Browser(web, "ann")
    with ThreadPoolExecutor(1) as threads:
        answer = threads.submit(browser.upload, poisoned(picture(1), "slow 1.5"), follow=False)
        eventually(lambda: [row["attempts"] for row in site.here.call("uploads").values()] == [1])

        assert web.terminate() == 0

        assert answer.result().status_code == 302
    (upload,) = site.here.call("uploads")
    assert site.here.status(int(upload)) == "approved"
    site.check()
