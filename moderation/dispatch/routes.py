"""Queues for a Celery app's ``task_routes``. Imports nothing, so that an app can be configured with it."""

from __future__ import annotations

ROUTES = {
    "moderation.tasks.screen": {"queue": "screening"},
    "moderation.tasks.sweep": {"queue": "screening"},
    "moderation.tasks.rescan": {"queue": "rescans"},
}
"""A worker then needs ``-Q screening,rescans``, or one worker for each."""
