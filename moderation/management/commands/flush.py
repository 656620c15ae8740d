"""Empty every table, the history too, and protect it again in the same transaction.

Django's ``flush``, which the append-only triggers would refuse. Every test of a host that commits ends
with it. Nothing in the database tells a flush from another deletion, and nothing that a setting or SQL
can reach opens the triggers: see the decision record "An empty database is no changed history".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from django.core.management.commands import flush
from django.db import connections

from moderation.services import revision
from moderation.services.history import triggers


class Command(flush.Command):
    """Django's command, with the triggers of the history lifted around its statements."""

    help = (
        "Removes ALL DATA from the database, the history of moderation too, and protects the empty history "
        "again in the same transaction. Django's own command, which the history's triggers would refuse."
    )

    def handle(self, **options: Any) -> None:
        if options["database"] != revision.database():
            super().handle(**options)
            return
        with _lifted_while_flushing(options["database"]):
            super().handle(**options)


@contextmanager
def _lifted_while_flushing(alias: str) -> Iterator[None]:
    # Only around the statements themselves: the question before them may wait for hours, and the triggers
    # shall not be away meanwhile. The change is to this connection's object alone.
    operations = connections[alias].ops
    plain = operations.execute_sql_flush

    def execute(sql_list: Iterable[str]) -> None:
        with triggers.lifted():
            plain(sql_list)

    operations.execute_sql_flush = execute  # type: ignore[method-assign]
    try:
        yield
    finally:
        del operations.execute_sql_flush
