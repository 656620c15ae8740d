"""Workers of every kind of pool decode in child processes: the daemonic ones of prefork, threads, and none."""

from __future__ import annotations

import pytest

from tests.faults.conftest import Deploy
from tests.faults.decoder import poisoned
from tests.faults.pictures import picture


@pytest.mark.parametrize("pool", ["prefork", "threads", "solo"])
def test_a_worker_screens_and_survives_a_crash_in_the_decoder(
    deploy: Deploy, database: str, redis_url: str, pool: str
) -> None:
    site = deploy(database=database, redis=redis_url)
    worker = site.worker(f"--pool={pool}")
    poison = site.here.submit(poisoned(picture(1), "crash"), "ann")
    good = [site.here.submit(picture(seed), f"m{seed}") for seed in range(2, 6)]
    site.beat()

    assert site.decided(*good) == ["approved"] * 4
    assert site.decided(poison) == ["held"]
    assert worker.terminate() == 0
    site.check()
