"""Pages of rows by descending number: a cursor names the last row of a page, so nothing is skipped or shown twice."""

from __future__ import annotations

import base64
import binascii
from typing import TypeVar

from django.db.models import Model, QuerySet

from moderation.exceptions import BadCursor

Row = TypeVar("Row", bound=Model)


def page(rows: QuerySet[Row], *, cursor: str, limit: int) -> tuple[list[Row], str | None]:
    """Return up to ``limit`` rows after the cursor, and the cursor of the next page or None.

    Raises :class:`BadCursor`.
    """
    rows = rows.order_by("-pk")
    if cursor:
        rows = rows.filter(pk__lt=_number(cursor))
    found = list(rows[: limit + 1])
    more = len(found) > limit
    return found[:limit], _cursor(found[limit - 1].pk) if more else None


def _cursor(number: int) -> str:
    return base64.urlsafe_b64encode(str(number).encode()).decode().rstrip("=")


def _number(cursor: str) -> int:
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        number = int(text) if text.isdigit() and len(text) < 20 else 0
    except (binascii.Error, ValueError) as error:
        raise BadCursor from error
    if not 0 < number < 1 << 63:
        raise BadCursor
    return number
