"""What a moderator sees of a held upload."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.db.models.functions import Now

from moderation.domain.algorithms import ALGORITHMS
from moderation.domain.policy import EXACT_METHODS
from moderation.models import (
    Appeal,
    AuditRecord,
    BanDraft,
    BannedImage,
    Blocklist,
    Claim,
    Decision,
    DeskPreference,
    Match,
    Report,
    Screening,
    Upload,
)
from moderation.selectors.counting import count_together

CAP = 1_000
"""Numbers beyond this are shown as "1,000+": nobody waits for an exact count."""


@dataclass(frozen=True, slots=True)
class QueueFilter:
    """Which held uploads; what is None does not matter."""

    blocklist: str | None = None
    reason: str | None = None
    nearer: int | None = None
    """Largest distance of a match that counts."""


@dataclass(frozen=True, slots=True)
class Item:
    """A held upload and everything that helps to decide."""

    upload: Upload
    screening: Screening | None
    leading: Match | None
    banned: BannedImage | None
    others: tuple[Match, ...]
    history: dict[str, int]
    """Status → number of the uploader's uploads."""
    decisions: tuple[Decision, ...]


def held(wanted: QueueFilter | None = None) -> QuerySet[Upload]:
    """Return held uploads, the oldest first."""
    uploads = Upload.objects.held().order_by("pk")
    if wanted is None:
        return uploads
    if wanted.blocklist:
        uploads = uploads.filter(blocklist__slug=wanted.blocklist)
    if wanted.reason:
        uploads = uploads.filter(reason=wanted.reason)
    if wanted.nearer is not None:
        # Named methods, so that the index on (method, distance) serves; others measure no bits.
        methods = [*EXACT_METHODS, *(algorithm.qualified for algorithm in ALGORITHMS.values())]
        near = Match.objects.filter(method__in=methods, distance__lte=wanted.nearer, set_aside="").order_by()
        screenings = Screening.objects.filter(pk__in=near.values("screening_id")).order_by()
        uploads = uploads.filter(pk__in=screenings.values("upload_id"))
    return uploads


def capped(rows: QuerySet[Any]) -> int:
    """Return a count that stops one beyond :data:`CAP`."""
    return rows.order_by()[: CAP + 1].count()


def waiting() -> tuple[int, int, int, int]:
    """Return the numbers of held uploads, open appeals and bans to confirm and open reports, counted no further than the cap; one
    query."""
    held_, appeals, bans, reports = count_together(
        [held(), open_appeals(), waiting_for_second(), open_reports()], cap=CAP
    )
    return held_, appeals, bans, reports


def waiting_for_second() -> QuerySet[BanDraft]:
    """Return bans that a second moderator has to confirm, the oldest first."""
    drafts = BanDraft.objects.filter(status=BanDraft.Status.WAITING).order_by("created_at", "pk")
    return drafts.select_related("blocklist", "upload")


def waiting_lowerings() -> QuerySet[BanDraft]:
    """Return those of them that are no bans of pictures, but let pictures pass."""
    lowers = Q(lowering__isnull=False) | Q(blocklist__action=Blocklist.Action.ALLOW)
    return waiting_for_second().filter(lowers)


def open_reports() -> QuerySet[Report]:
    """Return reports that nobody has answered, the oldest first."""
    return Report.objects.filter(status=Report.Status.OPEN).order_by("pk")


def open_appeals() -> QuerySet[Appeal]:
    """Return appeals that nobody has answered, the oldest first."""
    return Appeal.objects.open().order_by("pk")


def item_of(upload: Upload, *, with_decisions: bool = True, history: Sequence[AuditRecord] = ()) -> Item:
    """Return an item in six queries; one less without the earlier decisions, and two less where the newest rows of
    the upload's ``history`` are at hand."""
    known = [row for row in history if isinstance(row, Screening)]
    screening = max(known, key=lambda row: int(row.pk)) if known else _newest_screening(upload)
    matches = list(screening.matches.all()) if screening else []
    counting = [match for match in matches if not match.set_aside]
    leading = counting[0] if counting else None
    banned = None
    if leading is not None:
        banned = BannedImage.objects.select_related("blocklist").filter(pk=leading.banned_id).first()
    seen = {(leading.banned_id, leading.method)} if leading else set()
    others = []
    for match in matches:
        if (match.banned_id, match.method) not in seen:
            seen.add((match.banned_id, match.method))
            others.append(match)
    said = Decision.objects.filter(upload_id=upload.pk).select_related("personal")
    return Item(
        upload=upload,
        screening=screening,
        leading=leading,
        banned=banned,
        others=tuple(others[:8]),
        history=history_of(upload),
        decisions=tuple(said[:8]) if with_decisions else (),
    )


def _newest_screening(upload: Upload) -> Screening | None:
    rows = Screening.objects.filter(upload_id=upload.pk).prefetch_related("matches")
    newest: Screening | None = rows.order_by("-pk").first()
    return newest


def history_of(upload: Upload) -> dict[str, int]:
    """Return how the uploader's other uploads fared: status → number."""
    if not upload.owner_id:
        return {}
    theirs = Upload.objects.filter(owner_type=upload.owner_type, owner_id=upload.owner_id)
    counted = theirs.exclude(pk=upload.pk).order_by().values_list("status").annotate(Count("pk"))
    return dict(counted)


def claimed_by_others(moderator_id: str, uploads: list[int]) -> dict[int, str]:
    """Upload → the moderator who looks at it now."""
    live = Claim.objects.filter(~Q(moderator_id=moderator_id), until__gt=Now(), upload_id__in=uploads)
    return dict(live.values_list("upload_id", "moderator_id"))


def veil_of(moderator_id: str) -> str:
    """Return how this moderator wants pictures to be shown: blurred where nothing was said."""
    found = DeskPreference.objects.filter(pk=moderator_id).values_list("veil", flat=True).first()
    return found or DeskPreference.Veil.BLUR


def leading_matches(uploads: list[int]) -> dict[int, Match]:
    """Upload → the match that decided in its latest screening; two queries, for the grid."""
    screenings = Screening.objects.filter(upload_id__in=uploads).order_by("pk")
    newest = {upload: pk for pk, upload in screenings.values_list("pk", "upload_id")}
    return leading_of({screening: upload for upload, screening in newest.items()})


def leading_of(by_screening: Mapping[int, int]) -> dict[int, Match]:
    """Return upload → the match that decided, for a mapping of screening → upload; one query."""
    found: dict[int, Match] = {}
    for match in Match.objects.filter(screening_id__in=list(by_screening), set_aside="").order_by("pk"):
        found.setdefault(by_screening[match.screening_id], match)
    return found
