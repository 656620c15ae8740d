"""Made-up rows in great numbers, to see how the pages and the index behave among them. For development.

No pictures are behind them: codes are random, files are missing, and seals come with the next sweep.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connections, models, reset_queries, transaction
from django.db.models import Max
from django.utils import timezone

from moderation import selectors
from moderation.conf import get_settings
from moderation.domain.algorithms import ALGORITHMS
from moderation.models import (
    Appeal,
    BannedImage,
    Decision,
    Fingerprint,
    Match,
    Screening,
    Upload,
    UploadFingerprints,
)
from moderation.selectors import user_names
from moderation.services import revision
from moderation.services.desk import hourly_stats
from moderation.services.revision import database

ROWS_PER_INSERT = 2_000
CHANCE = random.Random()  # noqa: S311 — nothing here is secret
SPAN = timedelta(days=30)
"""Over which the uploads arrived, evenly."""
AGAIN = timedelta(seconds=30)
"""Between two screenings of an upload."""
OWNERS = 20_000
FIRST_OWNER = 2_000_000_000
"""Beyond the ids of real people, whom nothing here must seem to concern."""
OUTCOMES = (
    (Upload.Status.APPROVED, Screening.Verdict.ALLOW, "no_match"),
    (Upload.Status.APPROVED, Screening.Verdict.ALLOW, "no_match"),
    (Upload.Status.APPROVED, Screening.Verdict.ALLOW, "no_match"),
    (Upload.Status.HELD, Screening.Verdict.HOLD, "near_copy"),
    (Upload.Status.REJECTED, Screening.Verdict.BLOCK, "copy"),
)
"""In turn."""
APPEALED = 250
"""One upload in so many, a rejected one."""
RADII = ALGORITHMS["dhash256"].radii[0]
"""Of the matches, in bits."""


@dataclass(slots=True)
class Seeded:
    """How many rows were made."""

    entries: int = 0
    uploads: int = 0
    screenings: int = 0
    matches: int = 0
    decisions: int = 0
    appeals: int = 0


def fill(
    *, uploads: int, entries: int, screenings: int, progress: Callable[[int], object] = lambda _count: None
) -> Seeded:
    """Write entries, then uploads with ``screenings`` shared out among them, their matches and decisions, and the
    hourly counts. ``progress`` hears how many more of the three are done. Raises ValueError for screenings without
    uploads."""
    if screenings and not uploads:
        raise ValueError("A screening is one of an upload.")
    seeded = Seeded(entries=entries)
    rounds = max(1, -(-screenings // max(uploads, 1)))
    # An upload is screened once at a revision.
    revisions = [
        add_entries(entries * (turn + 1) // rounds - entries * turn // rounds, progress=progress)
        for turn in range(rounds)
    ]
    newest = BannedImage.objects.aggregate(newest=Max("pk"))["newest"] or 0
    work = _Uploads(uploads, screenings, revisions, range(newest - entries + 1, newest + 1), seeded)
    for start in range(0, uploads, ROWS_PER_INSERT):
        before = seeded.screenings
        with transaction.atomic(using=database()):
            made = work.add(range(start, min(start + ROWS_PER_INSERT, uploads)))
        progress(made + seeded.screenings - before)
        reset_queries()
    hourly_stats.rebuild()
    with connections[database()].cursor() as cursor:
        # The planner's idea of the tables would come much later than their rows.
        cursor.execute("ANALYZE")
    return seeded


def add_entries(count: int, *, progress: Callable[[int], object] = lambda _count: None) -> int:
    """Write entries of the default list with random codes, which no picture matches; return their revision."""
    blocklist = selectors.blocklist_named("default")
    bits = _bits()
    with revision.exclusive_change() as change:
        for start in range(0, count, ROWS_PER_INSERT):
            size = min(ROWS_PER_INSERT, count - start)
            rows = BannedImage.objects.bulk_create(
                BannedImage(blocklist=blocklist, source="seed", revision=change.revision) for _ in range(size)
            )
            Fingerprint.objects.bulk_create(
                Fingerprint(
                    banned=row, algorithm=name, bits=CHANCE.randbytes(length // 8), revision=change.revision
                )
                for row in rows
                for name, length in bits.items()
            )
            progress(size)
            reset_queries()
        change.record(kind="import", blocklist=blocklist.slug, entries=count)
    return change.revision


def _bits() -> dict[str, int]:
    """Return for each versioned algorithm the length of its codes."""
    return {ALGORITHMS[name].qualified: ALGORITHMS[name].bits for name in get_settings().algorithms}


class _Uploads:
    """Makes uploads by their number, from 0, and what happened to them."""

    def __init__(
        self, count: int, screenings: int, revisions: list[int], entries: range, seeded: Seeded
    ) -> None:
        self.count, self.screenings, self.revisions = count, screenings, revisions
        self.entries, self.seeded = entries, seeded
        self.label = user_names.moderator_label()
        self.bits = _bits()
        self.first = (Upload.objects.aggregate(newest=Max("pk"))["newest"] or 0) + 1
        self.began = timezone.now() - SPAN - AGAIN * len(revisions)

    def add(self, numbers: range) -> int:
        """Write these uploads; return how many."""
        uploads = Upload.objects.bulk_create(self._upload(number) for number in numbers)
        pairs = list(zip(numbers, uploads, strict=True))
        UploadFingerprints.objects.bulk_create(
            UploadFingerprints(
                upload=upload,
                algorithm=name,
                codes=CHANCE.randbytes(length // 8),
                places=[[0, ""]],
                revision=self.revisions[-1],
            )
            for upload in uploads
            if upload.status != Upload.Status.REJECTED
            for name, length in self.bits.items()
        )
        for turn in range(len(self.revisions)):
            self._screen(turn, pairs)
        said = [self._decision(number, upload) for number, upload in pairs if self._decided(number)]
        self.seeded.decisions += len(_insert(Decision, iter(said)))
        asked = [upload for number, upload in pairs if number % APPEALED == len(OUTCOMES) - 1]
        self.seeded.appeals += len(
            _insert(Appeal, (Appeal(upload=upload, text="It is mine.") for upload in asked))
        )
        self.seeded.uploads += len(uploads)
        return len(uploads)

    def _moment(self, number: int) -> datetime:
        return self.began + SPAN * (number / self.count)

    def _decided(self, number: int) -> bool:
        return OUTCOMES[number % len(OUTCOMES)][0] != Upload.Status.HELD

    def _upload(self, number: int) -> Upload:
        status, _verdict, reason = OUTCOMES[number % len(OUTCOMES)]
        moment = self._moment(number)
        return Upload(
            # No reference of a real upload looks like this.
            reference=f"SEED{self.first + number:08d}",
            owner_type=self.label,
            owner_id=str(FIRST_OWNER + number % OWNERS),
            status=status,
            reason=reason,
            by_person=self._decided(number),
            status_at=moment,
            submitted_at=moment,
            sha256=CHANCE.randbytes(32),
            pixels=CHANCE.randbytes(32),
            size=60_000,
            format="JPEG",
            width=512,
            height=512,
            revision=self.revisions[-1],
        )

    def _screen(self, turn: int, pairs: list[tuple[int, Upload]]) -> None:
        chosen = [pair for pair in pairs if turn * self.count + pair[0] < self.screenings]
        made = [self._screening(turn, number, upload) for number, upload in chosen]
        for row in made:
            if self.entries and row.verdict != Screening.Verdict.ALLOW:
                row.found = [self._match(row)]
        rows = _insert(Screening, iter(made))
        self.seeded.screenings += len(rows)
        for row in rows:
            for match in row.found:
                match.screening = row
        self.seeded.matches += len(_insert(Match, (match for row in rows for match in row.found)))

    def _screening(self, turn: int, number: int, upload: Upload) -> Screening:
        _status, verdict, reason = OUTCOMES[number % len(OUTCOMES)]
        return Screening(
            upload_id=upload.pk,
            revision=self.revisions[turn],
            verdict=verdict,
            reason=reason,
            occasion="rescan" if turn else "upload",
            algorithms=",".join(self.bits),
            elapsed_us=CHANCE.randrange(5_000, 50_000),
            created_at=self._moment(number) + AGAIN * turn,
        )

    def _match(self, screening: Screening) -> Match:
        blocked = screening.verdict == Screening.Verdict.BLOCK
        return Match(
            banned_id=CHANCE.choice(self.entries),
            blocklist="default",
            action="block",
            method=CHANCE.choice([*self.bits]),
            distance=CHANCE.randint(0, RADII.block) if blocked else CHANCE.randint(0, RADII.hold),
            radius=RADII.block if blocked else RADII.hold,
            band="block" if blocked else "hold",
        )

    def _decision(self, number: int, upload: Upload) -> Decision:
        approved = upload.status == Upload.Status.APPROVED
        return Decision(
            kind=Decision.Kind.APPROVE if approved else Decision.Kind.REJECT,
            actor_id=str(FIRST_OWNER + number % 5),
            upload_id=upload.pk,
            revision=self.revisions[-1],
            created_at=self._moment(number) + AGAIN * len(self.revisions),
        )


def _insert(model: type[models.Model], rows: Iterator[Any]) -> list[Any]:
    return model._default_manager.bulk_create(rows, batch_size=ROWS_PER_INSERT)
