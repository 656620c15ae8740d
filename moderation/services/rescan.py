"""A change reaches back: earlier uploads that it may concern are judged again.

The :class:`Rescan` row is written in the transaction of the change, so no crash can lose it. A
rescan goes through uploads in the order of their ids, notes how far it is, and resumes there.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from datetime import timedelta

from django.db.models import Q, QuerySet
from django.utils import timezone

from moderation import selectors
from moderation.domain.analysis import Code
from moderation.models import BannedImage, Blocklist, Fingerprint, Match, Rescan, Screening, Upload
from moderation.services import local, rescreening, revision
from moderation.services.earlier import earlier_uploads
from moderation.services.queue import in_database_time

logger = logging.getLogger("moderation.rescan")

LEASE = timedelta(minutes=2)
NOTED_EVERY = 50
"""Uploads after which progress is written down."""
CODES_AT_ONCE = 512
"""Banned codes in one batched search."""
Progress = Callable[[int, int], None]
"""Called with uploads looked at and uploads to look at."""


def run(*, rescan_id: int, progress: Progress | None = None) -> Rescan | None:
    """Do an open rescan to its end; None where another worker has it or it is not open."""
    if not _take(rescan_id):
        return None
    rescan = Rescan.objects.get(pk=rescan_id)
    found = sorted(_candidates(rescan))
    before = dict(_statuses(found))
    for place, upload in enumerate(found, start=1):
        _judge_again(rescan, upload, before.get(upload, ""))
        if progress:
            progress(place, len(found))
        if place % NOTED_EVERY == 0 and not _note(rescan):
            logger.info("rescan %s was cancelled at upload %s", rescan.pk, upload)
            return rescan
    rescan.status, rescan.finished_at, rescan.lease_until = Rescan.Status.DONE, timezone.now(), None
    rescan.save()
    return rescan


def ask(*, blocklist: Blocklist | None = None, banned: BannedImage | None = None) -> Rescan:
    """Write down a search of all open uploads for one entry, for one list, or for everything that is
    banned; somebody has to run it."""
    return Rescan.objects.create(kind=Rescan.Kind.REACH, since_revision=0, banned=banned, blocklist=blocklist)


def unfinished() -> list[int]:
    """Open rescans that nobody works on, the oldest first."""
    free = Q(lease_until__isnull=True) | Q(lease_until__lt=in_database_time(timedelta(0)))
    return list(
        Rescan.objects.filter(free, status=Rescan.Status.OPEN).order_by("pk").values_list("pk", flat=True)
    )


def _take(rescan_id: int) -> bool:
    free = Q(lease_until__isnull=True) | Q(lease_until__lt=in_database_time(timedelta(0)))
    return bool(
        Rescan.objects.filter(free, pk=rescan_id, status=Rescan.Status.OPEN).update(
            lease_until=in_database_time(LEASE)
        )
    )


def _note(rescan: Rescan) -> bool:
    return bool(
        Rescan.objects.filter(pk=rescan.pk, status=Rescan.Status.OPEN).update(
            cursor=rescan.cursor,
            examined=rescan.examined,
            hits=rescan.hits,
            taken_down=rescan.taken_down,
            held=rescan.held,
            released=rescan.released,
            lease_until=in_database_time(LEASE),
        )
    )


def _judge_again(rescan: Rescan, upload: int, before: str) -> None:
    after = rescreening.rescreen(upload_id=upload)
    rescan.cursor = upload
    rescan.examined += 1
    if after is None:
        return
    rescan.hits += after != Upload.Status.APPROVED
    rescan.taken_down += after == Upload.Status.REJECTED
    rescan.held += after == Upload.Status.HELD
    rescan.released += before == Upload.Status.HELD and after == Upload.Status.APPROVED


def _statuses(ids: list[int]) -> Iterator[tuple[int, str]]:
    for start in range(0, len(ids), 500):
        yield from Upload.objects.filter(pk__in=ids[start : start + 500]).values_list("pk", "status")


def _candidates(rescan: Rescan) -> set[int]:
    """Uploads after the cursor whose verdict the change may alter."""
    found = _resting_on(rescan) if rescan.kind == Rescan.Kind.RELEASE else _within_reach(rescan)
    return {upload for upload in found if upload > rescan.cursor}


def _resting_on(rescan: Rescan) -> set[int]:
    matches = Match.objects.all()
    if rescan.banned_id is not None:
        matches = matches.filter(banned_id=rescan.banned_id)
    elif rescan.blocklist is not None:
        matches = matches.filter(blocklist=rescan.blocklist.slug)
    # Not only held ones: an upload may be public because an allow-listed entry explained it.
    open_ones = Upload.objects.filter(status__in=rescreening.OPEN, withdrawn_at__isnull=True)
    screenings = Screening.objects.filter(pk__in=matches.values("screening_id"))
    return set(open_ones.filter(pk__in=screenings.values("upload_id")).values_list("pk", flat=True))


def _within_reach(rescan: Rescan) -> set[int]:
    entries = BannedImage.objects.filter(retired_revision__isnull=True)
    if rescan.banned_id is not None:
        entries = entries.filter(pk=rescan.banned_id)
    elif rescan.blocklist_id is not None:
        entries = entries.filter(blocklist_id=rescan.blocklist_id)
    else:
        entries = entries.filter(revision__gte=rescan.since_revision)
    radii = selectors.widest_radii(revision.current().entries)
    found: set[int] = set()
    for codes in _batches_of_codes(entries.filter(exact_only=False)):
        found.update(earlier_uploads.within(codes, radii))
    for sha256, pixels in entries.filter(sha256__isnull=False).values_list("sha256", "pixels").iterator(500):
        same = Q(sha256=sha256) | Q(pixels=pixels) if pixels else Q(sha256=sha256)
        found.update(Upload.objects.filter(same).values_list("pk", flat=True))
    if selectors.local_wanted():
        ids = entries.filter(exact_only=False).values_list("pk", flat=True)
        found |= local.within_reach(ids, beat=lambda: _note(rescan))
    return {upload for upload, status in _statuses(sorted(found)) if status in rescreening.OPEN}


def _batches_of_codes(entries: QuerySet[BannedImage]) -> Iterator[list[Code]]:
    rows = Fingerprint.objects.filter(banned__in=entries).order_by("pk").values_list("algorithm", "bits")
    batch: list[Code] = []
    for algorithm, bits in rows.iterator(CODES_AT_ONCE):
        batch.append(Code(algorithm, bytes(bits), 0, ""))
        if len(batch) == CODES_AT_ONCE:
            yield batch
            batch = []
    if batch:
        yield batch
