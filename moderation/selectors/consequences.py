"""What a ban has done: the uploads that it, and nothing else, took down or kept out."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Max

from moderation.models import Match, Screening, Upload

LIMIT = 200
"""Uploads that are shown, and restored, at a time."""


@dataclass(frozen=True, slots=True)
class Consequences:
    """Rejected uploads that rest on one entry."""

    uploads: tuple[Upload, ...]
    """Rejected by the machine, only because of this entry; the newest first."""
    shared: int
    """Rejected because of this entry and of others as well."""
    decided: int
    """Rejected by a person, who saw this entry beside it."""
    users: int
    """Different owners of ``uploads``."""
    more: bool
    """There are more than :data:`LIMIT`."""


def rejected_by(banned_id: int) -> Consequences:
    """Return the uploads that an entry rejected, and what would become of them; five queries at most, however many
    uploads."""
    screenings = Match.objects.filter(banned_id=banned_id, set_aside="").values("screening_id")
    ids = Screening.objects.filter(pk__in=screenings).values("upload_id")
    rejected = Upload.objects.filter(pk__in=ids, status=Upload.Status.REJECTED).order_by("-pk")
    found = list(rejected[: LIMIT + 1])
    judged = _latest_verdicts([upload.pk for upload in found])
    only, shared, decided = [], 0, 0
    for upload in found[:LIMIT]:
        banned = judged.get(upload.pk, set())
        if upload.by_person:
            decided += 1
        elif banned == {banned_id} and upload.reencoded:
            only.append(upload)
        else:
            shared += 1
    owners = {(upload.owner_type, upload.owner_id) for upload in only}
    return Consequences(tuple(only), shared, decided, len(owners), len(found) > LIMIT)


def _latest_verdicts(uploads: list[int]) -> dict[int, set[int]]:
    """Upload → the entries that counted in its latest screening."""
    latest = (
        Screening.objects.filter(upload_id__in=uploads)
        .exclude(occasion="failure")
        .order_by()
        .values("upload_id")
        .annotate(newest=Max("pk"))
    )
    newest = {row["newest"]: row["upload_id"] for row in latest}
    result: dict[int, set[int]] = {}
    rows = Match.objects.filter(screening_id__in=list(newest), set_aside="").order_by()
    for screening, banned in rows.values_list("screening_id", "banned_id"):
        result.setdefault(newest[screening], set()).add(banned)
    return result
