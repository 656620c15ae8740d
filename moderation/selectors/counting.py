"""Several small questions in one statement: pages of the desk ask the database little."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connections
from django.db.models import QuerySet


def count_together(parts: Sequence[QuerySet[Any]], *, cap: int) -> list[int]:
    """Return how many rows each has, counted no further than ``cap + 1``; one query for all."""
    pieces: list[str] = []
    values: list[Any] = []
    for number, rows in enumerate(parts):
        try:
            sql, given = rows.order_by().values("pk")[: cap + 1].query.sql_with_params()
        except EmptyResultSet:
            pieces.append("0")
            continue
        # The text is Django's own; what comes from outside is among the parameters.
        pieces.append(f"(SELECT COUNT(*) FROM ({sql}) part{number})")  # noqa: S608
        values += given
    if not values and all(piece == "0" for piece in pieces):
        return [0] * len(pieces)
    with connections[parts[0].db].cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(pieces)}", values)
        return [int(number) for number in cursor.fetchone()]
