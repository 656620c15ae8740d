"""Celery's settings, read when they are first needed (``app.config_from_object``).

The row in the database is the queue, so nothing here keeps an upload from being lost; these keep a
dead worker's wake-up from taking minutes, and a dead broker from holding anybody up.
"""

from __future__ import annotations

import os
from pathlib import Path

from kombu import Exchange, Queue

from moderation.dispatch import routes
from moderation.dispatch.routes import QUEUES, ROUTES, TRANSPORT

broker_url = os.environ.get("REDIS_URL") or "memory://"
broker_transport_options = {
    **TRANSPORT,
    "visibility_timeout": int(os.environ.get("VISIBILITY_TIMEOUT", "120")),
}
broker_connection_retry_on_startup = True
broker_connection_max_retries = None
broker_pool_limit = 4

task_serializer = "json"
accept_content = ["json"]
task_ignore_result = True
task_queues = [
    # An exchange and a key of its own for each: left out, all would get what is sent to any of them.
    Queue(name, Exchange(name, type="direct"), routing_key=name)
    for name in QUEUES
]
task_default_queue = "screening"
task_routes = ROUTES

# One at a time: a worker that dies has little in its hands, and the others are not idle beside it.
worker_prefetch_multiplier = 1
worker_send_task_events = False
worker_hijack_root_logger = False
# A late acknowledgement fails when Redis went away meanwhile; the work is done all the same.
worker_cancel_long_running_tasks_on_connection_loss = False

beat_schedule = routes.beat_schedule(
    sweep=float(os.environ.get("SWEEP_SECONDS", "10")),
    heartbeat=float(os.environ.get("HEARTBEAT_SECONDS", "10")),
)
beat_schedule_filename = str(Path(os.environ.get("STATE_DIR", ".demo"), "celerybeat-schedule"))
timezone = "UTC"
