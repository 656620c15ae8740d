"""F6: Redis refuses connections at enqueue. Accepted as pending in a second, swept later."""

from __future__ import annotations

import time

from tests.faults.conftest import Deploy
from tests.faults.deployment import Browser
from tests.faults.pictures import picture
from tests.servers.redis import RedisServer


def test_f06_an_upload_is_accepted_while_redis_is_down_and_swept_when_it_is_back(
    deploy: Deploy, database: str, mortal_redis: RedisServer
) -> None:
    site = deploy(database=database, redis=mortal_redis.url)
    site.here.call("member", name="ann")
    browser = Browser(site.web(), "ann")
    browser.upload(picture(1)).raise_for_status()

    mortal_redis.kill()
    began = time.monotonic()
    answer = browser.upload(picture(2))
    took = time.monotonic() - began

    assert answer.status_code == 200
    assert took < 1
    first, second = (int(key) for key in site.here.call("uploads"))
    assert site.here.status(second) == "pending"
    mortal_redis.start()
    site.worker()
    site.beat()
    assert site.decided(first, second) == ["approved", "approved"]
    site.check()


def test_f06_the_sweep_command_needs_no_redis_at_all(
    deploy: Deploy, database: str, mortal_redis: RedisServer
) -> None:
    site = deploy(database=database, redis=mortal_redis.url)
    mortal_redis.kill()
    upload = site.here.submit(picture(1))
    assert site.here.status(upload) == "pending"

    site.here.call("sweep", work_here=True)

    assert site.here.status(upload) == "approved"
    site.check()
