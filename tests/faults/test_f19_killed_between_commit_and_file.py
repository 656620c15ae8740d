"""F19: killed between a commit and a file operation, in either direction.

No rejected file is public past one sweep; no approved upload is without its file.
"""

from __future__ import annotations

import pytest

from tests.faults.conftest import Deploy
from tests.faults.console_client import ConsoleEndedError
from tests.faults.pictures import copy_of, picture


@pytest.mark.parametrize(
    "point",
    [
        "before moderation.services.files:announce_public",
        "after moderation.services.files:announce_public",
        "before moderation.services.uploads.outcome:settle",
        "after moderation.services.uploads.outcome:settle",
        "before moderation.services.files:claim_public",
        "after moderation.services.files:claim_public",
        "before moderation.services.files:_remove",
    ],
)
def test_f19_killed_while_publishing_the_upload_is_finished_and_nothing_is_left(
    deploy: Deploy, database: str, redis_url: str, point: str
) -> None:
    site = deploy(database=database, redis=redis_url, LEASE_SECONDS=1)
    upload = site.here.submit(picture(1))
    doomed = site.console(REDIS_URL="")
    doomed.call("die_at", point=point)
    doomed.send("screen", upload_id=upload)
    with pytest.raises(ConsoleEndedError, match="-9"):
        doomed.receive()

    site.here.call("removals_due_now")
    site.here.call("wait_for_free_lease", upload_id=upload)
    site.here.call("sweep", work_here=True)

    assert site.here.status(upload) == "approved"
    files = site.here.call("public_files")
    assert files == [site.here.call("upload", upload_id=upload)["published"]]
    site.check()


@pytest.mark.parametrize(
    "point",
    [
        "before moderation.services.uploads.outcome:settle",
        "after moderation.services.uploads.outcome:settle",
        "before moderation.services.files:_remove",
        "after moderation.services.files:_remove",
    ],
)
def test_f19_killed_while_taking_down_the_file_is_gone_after_one_sweep(
    deploy: Deploy, database: str, redis_url: str, point: str
) -> None:
    site = deploy(database=database, redis=redis_url)
    upload = site.here.submit(copy_of(picture(1)))
    assert site.here.call("screen", upload_id=upload) == "approved"
    assert len(site.here.call("public_files")) == 1
    site.here.ban(picture(1))
    doomed = site.console(REDIS_URL="")
    doomed.call("die_at", point=point)
    doomed.send("run_rescans")
    with pytest.raises(ConsoleEndedError):
        doomed.receive()

    site.here.call("rescans_free_now")
    site.here.call("sweep", work_here=True)

    assert site.here.status(upload) == "rejected"
    assert site.here.call("public_files") == []
    site.check()
