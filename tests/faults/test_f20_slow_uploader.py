"""F20: one account fills the queue with slow files, within its limits. Others are served before them."""

from __future__ import annotations

from tests.faults.conftest import Deploy
from tests.faults.decoder import poisoned
from tests.faults.deployment import Deployment
from tests.faults.pictures import picture
from tests.waiting import eventually

SLOW = 20
SECONDS = 1.2
"""Of decoding, each; nearly what the sandbox allows here."""


def test_f20_an_upload_overtakes_the_slow_files_of_another_account(
    deploy: Deploy, database: str, redis_url: str
) -> None:
    site = deploy(
        database=database,
        redis=redis_url,
        LEASE_SECONDS=20,
        SANDBOX_SECONDS=10.0,
        UPLOADS_PER_MINUTE=100,
        PENDING_AT_ONCE=100,
    )
    slow = [site.here.submit(poisoned(picture(seed), f"slow {SECONDS}"), name="slow") for seed in range(SLOW)]
    site.worker()
    site.worker()
    eventually(lambda: begun(site) >= 2, or_say=site.logs)

    mine = site.here.submit(picture(99), name="quick")
    before = begun(site)
    # The attempt is counted with the lease. What begins after ours and before we look counts, too.
    after = eventually(lambda: begun(site) if attempts(site)[mine] else 0, or_say=site.logs)

    assert after - 1 - before <= 3
    assert site.decided(mine) == ["approved"]
    assert site.decided(*slow, deadline=60) == ["approved"] * SLOW
    site.check()


def attempts(site: Deployment) -> dict[int, int]:
    """Return how often each upload has been leased."""
    return {int(upload): row["attempts"] for upload, row in site.here.call("uploads").items()}


def begun(site: Deployment) -> int:
    """Return how many uploads have been leased."""
    return sum(count > 0 for count in attempts(site).values())
