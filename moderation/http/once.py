"""Do a request with an ``Idempotency-Key`` once, and give its answer again."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Schema, Status

from moderation.http.keys import key_of
from moderation.services.access import idempotency

HEADER = "Idempotency-Key"
LONGEST = 255


def once(
    request: HttpRequest,
    response: HttpResponse,
    *,
    name: str | None,
    body: bytes,
    work: Callable[[], Status[Any]],
) -> Status[Any]:
    """Return the answer of ``work``, or the one that the same request got before.

    Raises :class:`RequestKeyReused` and :class:`RequestInProgress`, and whatever ``work`` raises: then nothing is kept.
    """
    if not name:
        return work()
    said = f"{request.method} {request.get_full_path()}\n".encode()
    row = idempotency.claim(key=key_of(request), name=name, digest=hashlib.sha256(said + body).digest())
    if row.status is not None:
        response["Idempotency-Replayed"] = "true"
        return Status(row.status, row.answer)
    try:
        answer = work()
    except BaseException:
        idempotency.abandon(row)
        raise
    content = answer.value
    assert isinstance(content, Schema)
    idempotency.answer(row, status=answer.status_code, content=content.model_dump(mode="json"))
    return answer
