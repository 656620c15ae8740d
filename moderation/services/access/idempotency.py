"""A request with an ``Idempotency-Key`` is done once, whatever is sent twice.

1. The key is claimed by a row of its own, committed before the work begins: of two at once one works, and
   the other is told to wait.
2. Only an answer that did something is kept. After an error nothing happened, so the same key may try again.
3. A claim whose process died lapses, so that nobody is locked out of their own key.
"""

from __future__ import annotations

from datetime import timedelta

from django.db import IntegrityError, transaction
from django.db.models.functions import Now

from moderation.exceptions import RequestInProgress, RequestKeyReused
from moderation.models import ApiKey, IdempotentRequest
from moderation.services.revision import database
from moderation.services.uploads.queue import in_database_time

ABANDONED = timedelta(minutes=2)
"""After which a claim without an answer is nobody's: longer than any request may take."""


def claim(*, key: ApiKey, name: str, digest: bytes) -> IdempotentRequest:
    """Return the row of a request: with its status where it was answered before, without one where the
    caller has to do it now.

    Raises :class:`RequestKeyReused` where another request had this name, :class:`RequestInProgress`
    while another worker is at it.
    """
    rows = IdempotentRequest.objects.filter(api_key=key, key=name)
    rows.filter(status__isnull=True, created_at__lt=in_database_time(-ABANDONED)).delete()
    try:
        with transaction.atomic(using=database()):
            return IdempotentRequest.objects.create(api_key=key, key=name, digest=digest, created_at=Now())
    except IntegrityError:
        row = rows.first()
    if row is not None and bytes(row.digest) != digest:
        raise RequestKeyReused
    if row is None or row.status is None:
        # Either it is worked on, or it came to nothing just now: the client may try again.
        raise RequestInProgress
    return row


def answer(row: IdempotentRequest, *, status: int, content: dict[str, object]) -> None:
    """Keep the answer."""
    IdempotentRequest.objects.filter(pk=row.pk).update(status=status, answer=content)


def abandon(row: IdempotentRequest) -> None:
    """Forget a request that came to nothing."""
    IdempotentRequest.objects.filter(pk=row.pk, status__isnull=True).delete()


def forget_old() -> int:
    """Delete answers that nobody asks for again; how many."""
    age = timedelta(days=IdempotentRequest.DAYS)
    return IdempotentRequest.objects.filter(created_at__lt=in_database_time(-age)).delete()[0]
