"""Personal data is erased by a decision: it names whoever asked, and covers exactly the records that went."""

from __future__ import annotations

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from moderation.models import Decision, PersonalData
from moderation.services import revision
from moderation.services.history import links
from moderation.services.revision import database

RECORDS_PER_DECISION = 5_000


def erase(rows: QuerySet[PersonalData], *, actor_id: str = "", reason: str = "") -> int:
    """Empty these records and throw their salts away; return their number. The commitments in the history stay.
    What is erased already is left alone."""
    count = 0
    left = rows.filter(erased_at__isnull=True).order_by("pk")
    while erased := _erase_some(left, actor_id=actor_id, reason=reason):
        count += erased
    return count


def _erase_some(rows: QuerySet[PersonalData], *, actor_id: str, reason: str) -> int:
    with transaction.atomic(using=database()):
        # Locked: of two that erase the same record each would have a decision of its own.
        some = rows.select_for_update(of=("self",))
        ids = sorted(some.values_list("pk", flat=True)[:RECORDS_PER_DECISION])
        if not ids:
            return 0
        decision = Decision.objects.create(
            kind=Decision.Kind.ERASE,
            actor_id=actor_id,
            revision=revision.current().number,
            reason=reason,
            commitment=links.erased_digest(ids),
        )
        return PersonalData.objects.filter(pk__in=ids).update(
            **dict.fromkeys(PersonalData.FIELDS, ""),
            salt=None,
            erased_at=timezone.now(),
            erasure_id=decision.pk,
        )


def covered_by(decision: Decision) -> bytes:
    """Return the digest of the records that name this decision."""
    ids = PersonalData.objects.filter(erased_at__isnull=False, erasure_id=decision.pk).order_by("pk")
    return links.erased_digest(ids.values_list("pk", flat=True))
