"""Queues for a Celery app's ``task_routes``. Imports nothing, so that an app can be configured with it."""

from __future__ import annotations

ROUTES = {
    "moderation.tasks.screen": {"queue": "screening"},
    "moderation.tasks.sweep": {"queue": "screening"},
    "moderation.tasks.heartbeat": {"queue": "heartbeats"},
    "moderation.tasks.rescan": {"queue": "rescans"},
}
"""A worker then needs ``-Q screening,rescans,heartbeats``, or one worker for each; a heartbeat shall not
wait behind a long queue of screenings."""
