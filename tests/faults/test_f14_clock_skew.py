"""F14: the clock of one worker is an hour off. No duplicate verdict; leases are in database time."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.conftest import Deploy
from tests.faults.decoder import poisoned
from tests.faults.deployment import Deployment
from tests.faults.pictures import picture
from tests.waiting import eventually

LIBRARIES = (
    *Path("/usr/lib").glob("*/faketime/libfaketime.so.1"),
    *Path("/usr/local/lib").glob("faketime/libfaketime.so.1"),
)


def by_library(hours: int) -> dict[str, str]:
    """Return the environment in which the whole process lives in another time."""
    if not LIBRARIES:
        pytest.skip("libfaketime is not installed: only Python's clock could be shifted")
    return {"LD_PRELOAD": str(LIBRARIES[0]), "FAKETIME": f"{hours:+d}h", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}


def by_python(hours: int) -> dict[str, str]:
    """Return the environment in which all that the project, Django and Celery ask Python for is in another time."""
    return {"CLOCK_SKEW": str(hours * 3600)}


def one_verdict(site: Deployment, upload: int, skew: dict[str, str]) -> None:
    console = site.console(REDIS_URL="", **skew)
    honest = site.console(REDIS_URL="")
    honest.send("screen", upload_id=upload)
    eventually(lambda: site.here.call("upload", upload_id=upload)["attempts"] == 1)

    # The other thinks that every lease ran out an hour ago, or that none has begun yet.
    assert console.call("screen", upload_id=upload) is None
    console.call("sweep", work_here=True)
    assert honest.receive() == "approved"
    assert console.call("screen", upload_id=upload) is None
    assert len(site.here.call("screenings", upload_id=upload)) == 1
    assert site.here.call("upload", upload_id=upload)["attempts"] == 1


@pytest.mark.parametrize("skewed", [by_library, by_python])
@pytest.mark.parametrize("hours", [-1, 1])
def test_f14_a_skewed_worker_takes_no_lease_from_another(
    deploy: Deploy,
    database: str,
    redis_url: str,
    skewed: object,
    hours: int,
) -> None:
    assert callable(skewed)
    skew = skewed(hours)
    site = deploy(database=database, redis=redis_url, SANDBOX_SECONDS=10.0)
    upload = site.here.submit(poisoned(picture(1), "slow 1.5"))
    one_verdict(site, upload, skew)
    abandoned = site.here.submit(picture(2))

    assert site.console(REDIS_URL="", **skew).call("screen", upload_id=abandoned) == "approved"
    site.check()
