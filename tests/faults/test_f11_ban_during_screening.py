"""F11: a ban commits while a copy is being screened. The upload never ends approved."""

from __future__ import annotations

from tests.faults.conftest import Deploy
from tests.faults.console_client import in_text
from tests.faults.decoder import poisoned
from tests.faults.pictures import copy_of, picture
from tests.waiting import eventually


def test_f11_a_ban_in_mid_screening_rejects_the_upload(deploy: Deploy, database: str, redis_url: str) -> None:
    site = deploy(database=database, redis=redis_url, SANDBOX_SECONDS=10.0)
    site.worker()
    assert site.decided(site.here.submit(picture(9), "warm")) == ["approved"]
    upload = site.here.submit(poisoned(copy_of(picture(1)), "slow 1"), "ann")
    eventually(lambda: site.here.call("upload", upload_id=upload)["attempts"] == 1, or_say=site.logs)

    banned = site.here.ban(picture(1))

    assert site.here.status(upload) == "pending"
    assert site.decided(upload) == ["rejected"]
    verdicts = site.here.call("screenings", upload_id=upload)
    assert [(row["verdict"], row["revision"]) for row in verdicts] == [("block", banned["revision"])]
    assert len(site.here.call("public_files")) == 1
    site.check()


def test_f11_bans_and_uploads_at_the_same_time_end_rejected(deploy: Deploy, database: str) -> None:
    site = deploy(database=database)
    uploader, moderator = site.console(), site.console()
    for seed in range(6):
        uploader.submit(picture(100 + seed), "warm")
        data = picture(seed)
        uploader.send("submit", data=in_text(copy_of(data)), name=f"m{seed}")
        moderator.send("ban", data=in_text(data))
        upload = uploader.receive()["id"]
        moderator.receive()
        moderator.call("run_rescans")

        assert site.here.status(upload) == "rejected"
    site.check()
