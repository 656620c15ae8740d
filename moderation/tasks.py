"""Celery's shells: load nothing, take an id, call a service.

1. Late acknowledgement, and back to the queue when a pool child dies: a worker that is killed loses
   no wake-up. That alone would run a picture that kills its worker for ever; the attempts on its row
   end that.
2. A failure is acknowledged: its row is still pending, and the sweep comes back to it.
3. Delivered twice is done once: the row is leased.
4. A wake-up says that there is work, not which: the queue knows whose turn it is.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

from celery import Task, shared_task
from celery.exceptions import OperationalError
from celery.signals import worker_process_init, worker_ready

from moderation.services import logs
from moderation.services.decoder import decoder
from moderation.services.operations import heartbeat as heartbeats
from moderation.services.operations import sweeping
from moderation.services.rescans import rescan as rescans
from moderation.services.uploads import screening

logger = logging.getLogger("moderation.tasks")

SWEEP_PAUSE = timedelta(seconds=5)
"""Least time between two sweeps, however many of their wake-ups have piled up."""


@shared_task(bind=True, acks_late=True, reject_on_worker_lost=True, ignore_result=True)
def screen(self: Task[Any, Any], upload_id: int) -> None:
    """Screen one upload: the one whose turn it is, which need not be the one that this wake-up is for."""
    with logs.about(task=self.request.id):
        screened, status = screening.screen_next() or (upload_id, None)
        logger.info("task %s: upload %s: %s", self.request.id, screened, status or "nothing to do")


@shared_task(bind=True, acks_late=True, reject_on_worker_lost=True, ignore_result=True)
def rescan(self: Task[Any, Any], rescan_id: int) -> None:
    """Do an open search among earlier uploads, or go on with it."""
    done = rescans.run(rescan_id=rescan_id)
    logger.info(
        "task %s: rescan %s: %s", self.request.id, rescan_id, done.status if done else "nothing to do"
    )


@shared_task(bind=True, acks_late=True, reject_on_worker_lost=True, ignore_result=True)
def sweep(self: Task[Any, Any]) -> None:
    """Find what was forgotten and wake up a worker for it; seal, expire, remove files."""
    if not sweeping.take_turn("sweep", pause=SWEEP_PAUSE):
        return
    swept = sweeping.sweep()
    logger.info("task %s: swept %s", self.request.id, swept)


@shared_task(ignore_result=True)
def heartbeat() -> None:
    """Say which revision this worker holds and whether it finds the canary: `/readyz` reads it."""
    beat = heartbeats.write()
    if beat.fault:
        logger.error("this worker would not find a banned picture: %s", beat.fault)


@worker_ready.connect(dispatch_uid="moderation.tasks.first_heartbeat")
def _first_heartbeat(**_kwargs: Any) -> None:
    """Note a heartbeat, so that a new worker is known before beat comes round."""
    try:
        heartbeat.apply_async(retry=False, expires=30)
    except OperationalError:
        logger.warning("the first heartbeat could not be sent; beat sends the next")


@worker_process_init.connect(dispatch_uid="moderation.tasks.prewarm")
def _prewarm(**_kwargs: Any) -> None:
    """Start a decoder, so that the first picture of a new pool process shall not wait for one."""
    decoder().prewarm()
