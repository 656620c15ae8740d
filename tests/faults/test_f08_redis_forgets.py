"""F8: Redis loses everything, by FLUSHALL and by kill -9. Every pending upload is still screened."""

from __future__ import annotations

from tests.faults.conftest import Deploy
from tests.faults.pictures import picture
from tests.servers.redis import RedisServer


def test_f08_uploads_survive_a_flush(deploy: Deploy, database: str, mortal_redis: RedisServer) -> None:
    site = deploy(database=database, redis=mortal_redis.url)
    uploads = [site.here.submit(picture(seed), f"m{seed}") for seed in range(5)]
    mortal_redis.flush()

    site.worker()
    site.beat()

    assert site.decided(*uploads) == ["approved"] * 5
    site.check()


def test_f08_a_worker_resumes_when_a_killed_redis_is_back(
    deploy: Deploy, database: str, mortal_redis: RedisServer
) -> None:
    site = deploy(database=database, redis=mortal_redis.url)
    site.worker()
    site.beat()
    assert site.decided(site.here.submit(picture(1), "ann")) == ["approved"]

    mortal_redis.kill()
    uploads = [site.here.submit(picture(seed), f"m{seed}") for seed in range(2, 5)]
    mortal_redis.start()

    assert site.decided(*uploads, deadline=60) == ["approved"] * 3
    site.check()
