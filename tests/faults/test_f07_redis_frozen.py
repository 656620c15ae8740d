"""F7: Redis is frozen: its connections are open and nobody answers. The same as F6, and bounded."""

from __future__ import annotations

import time

from tests.faults.conftest import Deploy
from tests.faults.deployment import Browser
from tests.faults.pictures import picture
from tests.servers.redis import RedisServer


def test_f07_uploads_are_accepted_within_a_second_while_redis_is_frozen(
    deploy: Deploy, database: str, mortal_redis: RedisServer
) -> None:
    site = deploy(database=database, redis=mortal_redis.url)
    names = ["ann", "ben", "cem"]
    for name in names:
        site.here.call("member", name=name)
    web = site.web()
    browsers = [Browser(web, name) for name in names]
    browsers[0].upload(picture(1)).raise_for_status()

    mortal_redis.freeze()
    seconds = []
    for seed, browser in enumerate(browsers, start=2):
        began = time.monotonic()
        browser.upload(picture(seed)).raise_for_status()
        seconds.append(time.monotonic() - began)

    assert max(seconds) < 1
    uploads = [int(key) for key in site.here.call("uploads")]
    assert {site.here.status(upload) for upload in uploads} == {"pending"}
    mortal_redis.thaw()
    site.worker()
    site.beat()
    assert set(site.decided(*uploads)) == {"approved"}
    site.check()


def test_f07_a_worker_goes_on_when_a_frozen_redis_thaws(
    deploy: Deploy, database: str, mortal_redis: RedisServer
) -> None:
    site = deploy(database=database, redis=mortal_redis.url)
    site.worker()
    site.beat()
    assert site.decided(site.here.submit(picture(1), "ann")) == ["approved"]

    mortal_redis.freeze()
    upload = site.here.submit(picture(2), "ben")
    time.sleep(5)  # longer than every socket timeout: the worker has noticed
    assert site.here.status(upload) == "pending"
    mortal_redis.thaw()

    assert site.decided(upload, deadline=60) == ["approved"]
    site.check()
