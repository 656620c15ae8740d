"""F9: the database is killed. Uploads get 503; acknowledged verdicts and bans survive."""

from __future__ import annotations

import pytest

from tests.faults.conftest import Deploy
from tests.faults.console_client import RemoteError, in_text
from tests.faults.decoder import poisoned
from tests.faults.deployment import Browser
from tests.faults.pictures import copy_of, picture
from tests.servers.postgres import PostgresServer
from tests.waiting import eventually


def test_f09_acknowledged_verdicts_and_bans_survive_and_uploads_get_503(
    deploy: Deploy, mortal_postgres: PostgresServer
) -> None:
    site = deploy(database=mortal_postgres.create())
    site.manage("migrate", "--verbosity=0")
    site.here.call("member", name="ann")
    browser = Browser(site.web(), "ann")
    banned = site.here.ban(picture(1))
    approved = site.here.submit(picture(2), "ben")
    rejected = site.here.submit(copy_of(picture(1)), "cem")

    mortal_postgres.kill()

    assert browser.upload(picture(3)).status_code == 503
    assert browser.get("/").status_code == 503
    with pytest.raises(RemoteError):
        site.here.submit(picture(3), "dan")
    mortal_postgres.start()
    assert [site.here.status(upload) for upload in (approved, rejected)] == ["approved", "rejected"]
    assert site.here.call("bans") == [banned["id"]]
    assert site.here.call("current_revision") == banned["revision"]
    eventually(lambda: browser.get("/").status_code == 200)
    assert browser.upload(copy_of(picture(1), quality=50)).status_code == 422
    assert len(site.here.call("uploads")) == 3
    site.check()


def test_f09_killed_under_load_nothing_acknowledged_is_lost(
    deploy: Deploy, mortal_postgres: PostgresServer
) -> None:
    site = deploy(database=mortal_postgres.create())
    site.manage("migrate", "--verbosity=0")
    acknowledged: dict[int, str] = {}
    writer = site.console()
    for seed in range(200):
        try:
            upload = writer.submit(picture(seed, side=96), f"m{seed}")
        except RemoteError:
            break
        acknowledged[upload] = writer.status(upload)
        if seed == 12:
            writer.send("submit", data=in_text(picture(1000)), name="last")
            mortal_postgres.kill()
            with pytest.raises(RemoteError):
                writer.receive()
    mortal_postgres.start()

    rows = site.here.call("uploads")
    assert len(acknowledged) >= 13
    assert {upload: rows[str(upload)]["status"] for upload in acknowledged} == acknowledged
    site.here.call("sweep", work_here=True)
    site.check()


def test_f09_a_worker_goes_on_when_the_database_is_back(
    deploy: Deploy, mortal_postgres: PostgresServer, redis_url: str
) -> None:
    site = deploy(database=mortal_postgres.create(), redis=redis_url, SANDBOX_SECONDS=10.0)
    site.manage("migrate", "--verbosity=0")
    site.worker()
    site.beat()
    upload = site.here.submit(poisoned(picture(1), "slow 1"), "ann")
    eventually(lambda: site.here.call("upload", upload_id=upload)["attempts"] == 1, or_say=site.logs)

    mortal_postgres.kill()
    mortal_postgres.start()

    assert site.decided(upload, site.here.submit(picture(2), "ben")) == ["approved", "approved"]
    assert len(site.here.call("screenings", upload_id=upload)) == 1
    site.check()
