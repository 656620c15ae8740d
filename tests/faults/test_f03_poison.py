"""F3: a picture kills the decoder each time. At most three attempts, then held; the others go on."""

from __future__ import annotations

from tests.faults.conftest import Deploy
from tests.faults.decoder import poisoned
from tests.faults.pictures import picture


def test_f03_poison_is_held_after_three_attempts_and_blocks_nobody(
    deploy: Deploy, database: str, redis_url: str
) -> None:
    site = deploy(database=database, redis=redis_url)
    poison = [site.here.submit(poisoned(picture(seed), "crash"), f"p{seed}") for seed in (1, 2)]
    good = [site.here.submit(picture(seed), f"g{seed}") for seed in (3, 4, 5)]

    site.worker()
    site.beat()

    assert site.decided(*good) == ["approved"] * 3
    assert site.decided(*poison) == ["held"] * 2
    for upload in poison:
        row = site.here.call("upload", upload_id=upload)
        assert (row["attempts"], row["reason"]) == (3, "decoder_crashed")
    site.check()


def test_f03_poison_with_inline_dispatch(deploy: Deploy, database: str) -> None:
    site = deploy(database=database)
    poison = site.here.submit(poisoned(picture(1), "vanish"))
    good = site.here.submit(picture(2))

    for _ in range(5):
        site.here.call("sweep", work_here=True)

    assert [site.here.status(upload) for upload in (poison, good)] == ["held", "approved"]
    assert site.here.call("upload", upload_id=poison)["attempts"] == 3
    site.check()
