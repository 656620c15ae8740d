"""What a host's Celery app takes from us is complete."""

from __future__ import annotations

from celery import Celery
from kombu.transport import redis

from moderation import tasks
from moderation.dispatch import redis_transport, routes, workers


def _app() -> Celery:
    app = Celery("mysite", broker="memory://")
    app.conf.task_routes = {**routes.ROUTES}
    app.conf.beat_schedule = {**routes.beat_schedule()}
    app.conf.broker_transport_options = {**routes.TRANSPORT}
    workers.install(app)
    return app


def test_every_task_has_a_queue_that_is_named() -> None:
    names = {f"moderation.tasks.{name}" for name in ("screen", "rescan", "sweep", "heartbeat")}

    assert set(routes.ROUTES) == names
    assert all(hasattr(tasks, name.rpartition(".")[2]) for name in names)
    assert {route["queue"] for route in routes.ROUTES.values()} == set(routes.QUEUES)


def test_what_has_to_be_done_again_and_again_is_in_the_schedule() -> None:
    schedule = routes.beat_schedule(sweep=5, heartbeat=7)

    assert {entry["task"]: entry["schedule"] for entry in schedule.values()} == {
        "moderation.tasks.sweep": 5,
        "moderation.tasks.heartbeat": 7,
    }


def test_an_app_that_took_it_all_is_configured() -> None:
    app = _app()

    assert app.amqp.router.route({}, "moderation.tasks.rescan")["queue"].name == "rescans"
    assert app.conf["CELERY_DB_REUSE_MAX"] == workers.NEVER
    assert redis.Channel.QoS is redis_transport.ForgivingQoS
