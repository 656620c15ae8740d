"""Wake up Celery workers. Chosen by ``MODERATION["DISPATCHER"]``.

The tasks are ``shared_task``s, so the host's own Celery app, broker and routes are used. Without any
routes everything goes through the app's default queue; :mod:`.routes` keeps long rescans from
standing in front of short screenings.
"""

from __future__ import annotations

from moderation import tasks
from moderation.dispatch.publisher import Publisher

publisher = Publisher()
"""Of this process."""


class CeleryDispatcher:
    """Sends ids, nothing else, and never waits: what is lost on the way is found by the sweep.

    The periodic work belongs to Celery's beat (``moderation.tasks.sweep``) or to cron
    (``manage.py sweep``).
    """

    periodic = False
    immediate = False
    """Nothing is sent before the caller goes on."""

    def screen(self, upload_id: int) -> None:
        """Have an upload screened by some worker, soon."""
        publisher.publish(
            lambda: tasks.screen.apply_async((upload_id,), retry=False),
            what=f"wake-up for upload {upload_id}",
        )

    def rescan(self, rescan_id: int) -> None:
        """Have a search among earlier uploads done by some worker."""
        publisher.publish(
            lambda: tasks.rescan.apply_async((rescan_id,), retry=False),
            what=f"wake-up for rescan {rescan_id}",
        )
