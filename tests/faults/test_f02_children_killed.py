"""F2: a pool child or a sandbox child is killed, or runs out of memory. Retried, one attempt more."""

from __future__ import annotations

import psutil

from tests.faults.conftest import Deploy
from tests.faults.decoder import poisoned
from tests.faults.deployment import Deployment, Worker
from tests.faults.pictures import picture
from tests.waiting import eventually


def in_progress(site: Deployment, upload: int) -> bool:
    return bool(site.here.call("upload", upload_id=upload)["attempts"] == 1)


def pool_child(worker: Worker) -> psutil.Process:
    return next(
        child for child in psutil.Process(worker.pid).children() if "celery" in " ".join(child.cmdline())
    )


def sandbox_children(worker: Worker) -> list[psutil.Process]:
    below = psutil.Process(worker.pid).children(recursive=True)
    return [child for child in below if "moderation.domain.sandbox" in " ".join(child.cmdline())]


def test_f02_a_killed_pool_child_is_replaced_and_the_upload_retried(
    deploy: Deploy, database: str, redis_url: str
) -> None:
    site = deploy(database=database, redis=redis_url, SANDBOX_SECONDS=10.0)
    worker = site.worker()
    site.beat()
    upload = site.here.submit(poisoned(picture(1), "slow 1"))
    eventually(lambda: in_progress(site, upload), or_say=site.logs)

    pool_child(worker).kill()

    assert site.decided(upload) == ["approved"]
    assert site.here.call("upload", upload_id=upload)["attempts"] == 2
    assert len(site.here.call("screenings", upload_id=upload)) == 1
    site.check()


def test_f02_a_killed_sandbox_child_costs_one_attempt(deploy: Deploy, database: str, redis_url: str) -> None:
    site = deploy(database=database, redis=redis_url, SANDBOX_SECONDS=10.0)
    worker = site.worker()
    site.beat()
    upload = site.here.submit(poisoned(picture(1), "slow 1"))
    eventually(lambda: in_progress(site, upload) and sandbox_children(worker), or_say=site.logs)

    for child in sandbox_children(worker):
        child.kill()

    assert site.decided(upload) == ["approved"]
    assert site.here.call("upload", upload_id=upload)["attempts"] == 2
    site.check()


def test_f02_out_of_memory_is_retried_and_then_held(deploy: Deploy, database: str, redis_url: str) -> None:
    site = deploy(database=database, redis=redis_url)
    site.worker()
    site.beat()
    upload = site.here.submit(poisoned(picture(1), "swell"))

    assert site.decided(upload) == ["held"]
    row = site.here.call("upload", upload_id=upload)
    assert (row["attempts"], row["reason"]) == (3, "decoder_out_of_memory")
    site.check()
