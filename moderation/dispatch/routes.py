"""What a Celery app's settings take from here. Imports nothing, so that an app can be configured with it.

A worker then needs ``-Q screening,rescans,heartbeats``, or one worker for each; a heartbeat shall not wait behind
a long queue of screenings, nor a screening behind a long rescan.
"""

from __future__ import annotations

from typing import Any

QUEUES = ("screening", "rescans", "heartbeats")
"""Names of the queues of :data:`ROUTES`."""
ROUTES = {
    "moderation.tasks.screen": {"queue": "screening"},
    "moderation.tasks.sweep": {"queue": "screening"},
    "moderation.tasks.heartbeat": {"queue": "heartbeats"},
    "moderation.tasks.rescan": {"queue": "rescans"},
}
"""For ``task_routes``. Without routes everything goes through the app's default queue."""
TRANSPORT = {
    # Longer than the longest task; a longer rescan is leased and notes how far it is.
    "visibility_timeout": 120,
    # Look for what dead workers left every 2 s. The defaults take up to 100 s more.
    "unacked_restore_interval": 2,
    "unacked_restore_throttle": 1,
    # A frozen Redis keeps its connections open: without these a send would wait for ever. Longer than
    # the second for which a worker waits for the next message.
    "socket_timeout": 4,
    "socket_connect_timeout": 1,
    "socket_keepalive": True,
    "health_check_interval": 10,
}
"""For ``broker_transport_options``, with Redis."""


def beat_schedule(*, sweep: float = 10, heartbeat: float = 10) -> dict[str, Any]:
    """Return all periodic tasks, for ``beat_schedule``, with their seconds. Without heartbeats readiness says no after
    45 s."""
    return {
        "moderation-sweep": {"task": "moderation.tasks.sweep", "schedule": sweep},
        "moderation-heartbeat": {
            "task": "moderation.tasks.heartbeat",
            "schedule": heartbeat,
            # Those that nobody took in time say nothing about now.
            "options": {"expires": heartbeat},
        },
    }
