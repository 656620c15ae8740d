"""A change reaches back: earlier uploads that it may concern are judged again.

The :class:`Rescan` row is written in the transaction of the change, so no crash can lose it. A
rescan goes through uploads in the order of their ids, notes how far it is, and resumes there.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Q, QuerySet
from django.utils import timezone

from moderation import selectors
from moderation.domain.analysis import Code
from moderation.exceptions import PictureMissing
from moderation.models import (
    BannedImage,
    Blocklist,
    Decision,
    Fingerprint,
    Match,
    Rescan,
    Screening,
    Upload,
)
from moderation.services import revision
from moderation.services.history import decisions
from moderation.services.rescans import local_reach, rescreening, uploads_against
from moderation.services.rescans.uploads_against import NewCodes
from moderation.services.search.earlier import earlier_uploads
from moderation.services.uploads.queue import in_database_time

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
    for stretch in _stretches(rescan):
        if not _judge_all(rescan, stretch, progress):
            logger.info("rescan %s was cancelled at upload %s", rescan.pk, rescan.cursor)
            return rescan
    _note(rescan)
    Rescan.objects.open().filter(pk=rescan_id).update(
        status=Rescan.Status.DONE, finished_at=timezone.now(), lease_until=None
    )
    rescan.refresh_from_db()
    return rescan


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Uploads to judge again, ascending."""

    found: Sequence[int]
    last: int | None = None
    """After them everything up to here is done; where it is None, everything up to each of them."""
    looked_at: int = 0
    of: int = 0


def _stretches(rescan: Rescan) -> Iterator[_Stretch]:
    """Yield all uploads at once, or, where there are too many new codes for that, one stretch of them after the
    other."""
    if rescan.kind == Rescan.Kind.RELEASE:
        yield _Stretch(sorted(_after_cursor(rescan, _resting_on(rescan))))
        return
    entries = _new_entries(rescan)
    bans = local_reach.Bans(entries)
    if uploads_against.are_many(entries):
        yield from _against_many(rescan, entries, bans)
        return
    found = sorted(_after_cursor(rescan, _within_reach(entries)))
    if not bans:
        yield _Stretch(found)
        return
    # What fingerprints find is there at once, and does not wait for the search that takes longer.
    yield _Stretch(found, last=rescan.cursor)
    total = local_reach.total(after=rescan.cursor)
    for part in bans.search(after=rescan.cursor):
        yield _Stretch(sorted(part.uploads), part.last, part.looked_at, total)


def _against_many(
    rescan: Rescan, entries: QuerySet[BannedImage], bans: local_reach.Bans
) -> Iterator[_Stretch]:
    codes = NewCodes(entries, selectors.widest_radii(revision.current().entries))
    waiting = Upload.objects.open()
    total = waiting.filter(pk__gt=rescan.cursor).count()
    after = rescan.cursor
    for chunk in codes.chunks(after=after):
        found = set(chunk.found)
        for part in bans.search(after=after, upto=chunk.last) if bans else ():
            found |= part.uploads
            _note(rescan)
        after = chunk.last
        yield _Stretch(sorted(found), after, chunk.looked_at, total)


def _judge_all(rescan: Rescan, stretch: _Stretch, progress: Progress | None) -> bool:
    """Judge all uploads of a stretch; return False where the rescan was cancelled meanwhile."""
    before = dict(_statuses(list(stretch.found)))
    for place, upload in enumerate(stretch.found, start=1):
        _judge_again(rescan, upload, before.get(upload, ""))
        if stretch.last is None:
            rescan.cursor = upload
            if progress:
                progress(place, len(stretch.found))
        if place % NOTED_EVERY == 0 and not _note(rescan):
            return False
    if stretch.last is not None:
        rescan.cursor = stretch.last
        if progress and stretch.of:
            progress(stretch.looked_at, stretch.of)
        return _note(rescan)
    return True


def ask(*, blocklist: Blocklist | None = None, banned: BannedImage | None = None) -> Rescan:
    """Write down a search of all open uploads for one entry, for one list, or for everything that is
    banned; a worker or the sweeper has to run it."""
    return Rescan.objects.create(kind=Rescan.Kind.REACH, since_revision=0, banned=banned, blocklist=blocklist)


def ask_once(*, asked: list[int], since_revision: int) -> None:
    """Append a search to ``asked``, unless the last one there has not been begun, within the transaction of a change
    that is one of many. Whoever begins it waits for this transaction, and then sees its change too."""
    if asked:
        last = (
            Rescan.objects.open()
            .select_for_update()
            .filter(pk=asked[-1], lease_until__isnull=True, examined=0)
        )
        if last.exists():
            return
    asked.append(Rescan.objects.create(kind=Rescan.Kind.REACH, since_revision=since_revision).pk)


def unfinished() -> list[int]:
    """Open rescans that nobody works on, the oldest first."""
    free = Q(lease_until__isnull=True) | Q(lease_until__lt=in_database_time(timedelta(0)))
    return list(Rescan.objects.open().filter(free).order_by("pk").values_list("pk", flat=True))


def _take(rescan_id: int) -> bool:
    free = Q(lease_until__isnull=True) | Q(lease_until__lt=in_database_time(timedelta(0)))
    return bool(Rescan.objects.open().filter(free, pk=rescan_id).update(lease_until=in_database_time(LEASE)))


def _note(rescan: Rescan) -> bool:
    return bool(
        Rescan.objects.open()
        .filter(pk=rescan.pk)
        .update(
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
    try:
        after = rescreening.rescreen(upload_id=upload)
    except PictureMissing:
        # It was to be published and cannot be: it stays held, and those behind it are judged.
        logger.warning("rescan %s: the file of upload %s is gone", rescan.pk, upload)
        after = None
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


def _after_cursor(rescan: Rescan, found: set[int]) -> set[int]:
    return {upload for upload in found if upload > rescan.cursor}


def _resting_on(rescan: Rescan) -> set[int]:
    matches = Match.objects.all()
    if rescan.banned_id is not None:
        matches = matches.filter(banned_id=rescan.banned_id)
    elif rescan.blocklist is not None:
        matches = matches.filter(blocklist=rescan.blocklist.slug)
    # Not only held ones: an upload may be public because an allow-listed entry explained it.
    open_ones = Upload.objects.open()
    screenings = Screening.objects.filter(pk__in=matches.values("screening_id"))
    return set(open_ones.filter(pk__in=screenings.values("upload_id")).values_list("pk", flat=True))


def _new_entries(rescan: Rescan) -> QuerySet[BannedImage]:
    entries = BannedImage.objects.active()
    if rescan.banned_id is not None:
        return entries.filter(pk=rescan.banned_id)
    if rescan.blocklist_id is not None:
        return entries.filter(blocklist_id=rescan.blocklist_id)
    return entries.filter(revision__gte=rescan.since_revision)


def _within_reach(entries: QuerySet[BannedImage]) -> set[int]:
    radii = selectors.widest_radii(revision.current().entries)
    found: set[int] = set()
    for codes in _batches_of_codes(entries.filter(exact_only=False)):
        found.update(earlier_uploads.within(codes, radii))
    for sha256, pixels in entries.filter(sha256__isnull=False).values_list("sha256", "pixels").iterator(500):
        same = Q(sha256=sha256) | Q(pixels=pixels) if pixels else Q(sha256=sha256)
        found.update(Upload.objects.filter(same).values_list("pk", flat=True))
    return {upload for upload, status in _statuses(sorted(found)) if status in Upload.OPEN}


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


def cancel(*, rescan_id: int, actor_id: str) -> bool:
    """Stop an open search after the upload that is being looked at. Uploads that it has not reached stay as
    they are, so who did it is part of the history."""
    with revision.shared_lock() as state:
        stopped = Rescan.objects.open().filter(pk=rescan_id).update(status=Rescan.Status.CANCELLED)
        if stopped:
            decisions.record(
                kind=Decision.Kind.CANCEL,
                actor_id=actor_id,
                banned_id=Rescan.objects.values_list("banned_id", flat=True).get(pk=rescan_id),
                revision=state.number,
                reason=f"rescan {rescan_id}",
            )
    return bool(stopped)
