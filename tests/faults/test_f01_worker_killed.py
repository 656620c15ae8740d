"""F1: a worker is killed in mid-screening. The upload stays pending, and is finished by another."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

import pytest

from tests.faults.conftest import Deploy
from tests.faults.decoder import poisoned
from tests.faults.deployment import Worker
from tests.faults.pictures import picture
from tests.waiting import eventually


def all_of_it(worker: Worker) -> None:
    worker.kill()


def its_main_process(worker: Worker) -> None:
    """Kill the main process, as ``kill -9`` does it: the pool child is an orphan with an upload in its hands."""
    os.kill(worker.pid, signal.SIGKILL)


@pytest.mark.parametrize("kill", [all_of_it, its_main_process])
def test_f01_a_killed_workers_upload_is_finished_within_lease_and_sweep(
    deploy: Deploy, database: str, redis_url: str, kill: Callable[[Worker], None]
) -> None:
    site = deploy(database=database, redis=redis_url, SANDBOX_SECONDS=10.0)
    doomed = site.worker()
    upload = site.here.submit(poisoned(picture(1), "slow 1.5"))
    eventually(lambda: site.here.call("upload", upload_id=upload)["attempts"] == 1, or_say=site.logs)

    kill(doomed)

    if kill is all_of_it:
        assert site.here.status(upload) == "pending"
        assert site.here.call("public_files") == []
    site.worker()
    site.beat()
    assert site.decided(upload, deadline=30) == ["approved"]
    verdicts = site.here.call("screenings", upload_id=upload)
    assert [row["verdict"] for row in verdicts] == ["allow"]
    assert site.here.call("upload", upload_id=upload)["attempts"] <= 2
    site.check()
