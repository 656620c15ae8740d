"""F4: the decoder hangs in C, using no processor time. Killed at the wall limit, and the attempt is counted."""

from __future__ import annotations

import time

from moderation.domain.sandbox import SandboxLimits
from tests.faults.conftest import Deploy
from tests.faults.decoder import poisoned
from tests.faults.pictures import picture


def test_f04_a_hanging_decoder_is_killed_at_the_wall_limit(deploy: Deploy, database: str) -> None:
    site = deploy(database=database, SANDBOX_SECONDS=1.0)
    wall = SandboxLimits(deadline=1.0).wall
    began = time.monotonic()
    upload = site.here.submit(poisoned(picture(1), "hang"))

    assert wall <= time.monotonic() - began < wall + 9
    row = site.here.call("upload", upload_id=upload)
    assert (row["status"], row["attempts"]) == ("pending", 1)
    for _ in range(3):
        site.here.call("sweep", work_here=True)
    row = site.here.call("upload", upload_id=upload)
    assert (row["status"], row["reason"], row["attempts"]) == ("held", "decoder_timeout", 3)
    site.check()
