"""F13: a task is delivered twice. Nothing happens twice."""

from __future__ import annotations

from tests.faults.conftest import Deploy
from tests.faults.decoder import poisoned
from tests.faults.pictures import picture
from tests.waiting import eventually


def test_f13_duplicate_deliveries_make_one_verdict(deploy: Deploy, database: str, redis_url: str) -> None:
    site = deploy(database=database, redis=redis_url)
    uploads = [site.here.submit(poisoned(picture(seed), "slow 0.2"), f"m{seed}") for seed in range(4)]
    for upload in uploads * 5:
        site.here.call("dispatch", upload_id=upload)
    workers = [site.worker(), site.worker()]

    assert site.decided(*uploads) == ["approved"] * 4
    done = lambda: sum(worker.log.read_text().count("nothing to do") for worker in workers)  # noqa: E731
    eventually(done, expect=lambda count: count == 20, or_say=site.logs)
    for upload in uploads:
        assert len(site.here.call("screenings", upload_id=upload)) == 1
        assert site.here.call("upload", upload_id=upload)["attempts"] == 1
    assert len(site.here.call("public_files")) == 4
    site.check()


def test_f13_two_workers_at_the_same_moment_make_one_verdict(
    deploy: Deploy, database: str, redis_url: str
) -> None:
    site = deploy(database=database, redis=redis_url)
    consoles = [site.console(REDIS_URL="") for _ in range(3)]
    for seed in range(5):
        upload = site.here.submit(picture(seed), f"m{seed}")

        for console in consoles:
            console.send("screen", upload_id=upload)
        answers = [console.receive() for console in consoles]

        assert sorted(map(str, answers)) == ["None", "None", "approved"]
        assert len(site.here.call("screenings", upload_id=upload)) == 1
    site.check()
