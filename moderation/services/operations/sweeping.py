"""The periodic work: what was forgotten, what has expired, what has to be sealed or removed."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta

from django.db.models.expressions import Combinable

from moderation.models import PeriodicWork, Upload
from moderation.services import files
from moderation.services.access import idempotency
from moderation.services.blocklists import background, blocklist, signing
from moderation.services.desk import drafts, hourly_stats
from moderation.services.dispatching import dispatcher
from moderation.services.history import sealing
from moderation.services.operations import auto_suspend, orphans
from moderation.services.rescans import rescan
from moderation.services.uploads import queue, rate_limit, screening
from moderation.services.uploads.queue import in_database_time

logger = logging.getLogger("moderation.sweep")

ORPHANS_PAUSE = timedelta(hours=1)
"""Between two searches for orphans, which list the whole quarantine."""
SIGNS_A_ROUND = 20
"""Entries, and uploads, of before an upgrade that are decoded anew in one round: a second or two."""
FEW_ORPHANS = 100
"""What is deleted without an operator even where it is most of the quarantine."""


@dataclass(frozen=True, slots=True)
class Swept:
    """What a sweep did."""

    found: int
    """Pending uploads that nobody worked on."""
    redispatched: int
    """Of the found, those that were sent to a worker again, or screened here."""
    held: int
    """Of the found, those that are held now."""
    rescans: int
    expired: int
    files_removed: int
    sealed: int
    orphans_removed: int
    """Private files that no row referred to, left by a crash or a rolled-back transaction."""


def take_turn(name: str, *, pause: timedelta) -> bool:
    """Return whether it is this process's turn; no other gets one for ``pause``. In database time."""
    PeriodicWork.objects.get_or_create(name=name, defaults={"lease_until": _long_ago()})
    return bool(
        PeriodicWork.objects.filter(name=name, lease_until__lte=in_database_time(timedelta(0))).update(
            lease_until=in_database_time(pause)
        )
    )


def _long_ago() -> Combinable:
    return in_database_time(timedelta(days=-1))


def sweep(
    *, older_than: timedelta = timedelta(seconds=5), limit: int = 200, work_here: bool = False
) -> Swept:
    """Do one bounded round. With ``work_here`` the screenings are done in this process instead of being
    dispatched."""
    waiting = list(queue.waiting(older_than=older_than).values_list("pk", flat=True)[:limit])
    for upload_id in waiting:
        if work_here:
            _screen(upload_id)
        else:
            dispatcher().screen(upload_id)
    open_rescans = rescan.unfinished()[:10]
    for rescan_id in open_rescans:
        if work_here:
            _rescan(rescan_id)
        else:
            dispatcher().rescan(rescan_id)
    rate_limit.forget_idle()
    idempotency.forget_old()
    drafts.drop_stale()
    hourly_stats.roll_up()
    auto_suspend.suspend_entries()
    background.settle_waiting()
    signing.sign_some(limit=min(limit, SIGNS_A_ROUND))
    return Swept(
        found=len(waiting),
        redispatched=len(waiting),
        held=Upload.objects.filter(pk__in=waiting, status=Upload.Status.HELD).count(),
        rescans=len(open_rescans),
        expired=blocklist.expire_due(),
        files_removed=files.remove_due(),
        sealed=sealing.seal(limit=5_000),
        orphans_removed=_remove_orphans(),
    )


def _remove_orphans() -> int:
    if not take_turn("orphans", pause=ORPHANS_PAUSE):
        return 0
    try:
        found = orphans.quarantine()
        if len(found.files) <= max(FEW_ORPHANS, found.examined // 2):
            return found.delete()
    except Exception:
        # A storage raises what it likes; the next round tries again.
        logger.exception("orphans could not be removed")
        return 0
    logger.error(
        "%d of %d private files belong to no row, so none was deleted: is this their database? "
        "`doctor` names them, `doctor --mend` deletes them",
        len(found.files),
        found.examined,
    )
    return 0


def _screen(upload_id: int) -> None:
    try:
        screening.screen(upload_id=upload_id)
    except Exception:
        # One upload must not keep those behind it from being screened; it stays pending, counted.
        logger.exception("upload %s could not be screened", upload_id)


def _rescan(rescan_id: int) -> None:
    try:
        rescan.run(rescan_id=rescan_id)
    except Exception:
        # It stays open, and comes round again; the rest of the sweep does not wait for it.
        logger.exception("rescan %s could not be finished", rescan_id)
