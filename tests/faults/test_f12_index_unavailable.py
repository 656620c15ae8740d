"""F12: a worker's index cannot be refreshed. It refuses to approve."""

from __future__ import annotations

from tests.faults.conftest import Deploy
from tests.faults.pictures import copy_of, picture


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
