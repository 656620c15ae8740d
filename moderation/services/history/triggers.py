"""Append-only in the database itself, on PostgreSQL and SQLite.

Installed after every migration, since a SQLite migration that remakes a table drops its triggers
without a word. PostgreSQL's row triggers do not see TRUNCATE, so there is a statement trigger too; and
they are ALWAYS triggers, since an ordinary one rests in a session whose ``session_replication_role`` is
``replica``, which the connection's options and ``PGOPTIONS`` can say.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connections, transaction

from moderation.models import AUDIT_MODELS, Match, Seal
from moderation.models.records import AppendOnlyModel
from moderation.services.revision import database

APPEND_ONLY: tuple[type[AppendOnlyModel], ...] = (*AUDIT_MODELS, Match, Seal)
TABLES = tuple(model._meta.db_table for model in APPEND_ONLY)
MESSAGE = "the history is append-only"


def names(table: str) -> tuple[str, ...]:
    """Return the triggers that a table has to have."""
    vendor = connections[database()].vendor
    verbs = ("change", "truncate") if vendor == "postgresql" else ("update", "delete")
    return tuple(f"{table}_no_{verb}" for verb in verbs)


def install() -> None:
    """Create what is missing; safe to repeat."""
    connection = connections[database()]
    present = set(connection.introspection.table_names())
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "CREATE OR REPLACE FUNCTION moderation_append_only() RETURNS trigger LANGUAGE plpgsql AS "
                f"$$ BEGIN RAISE EXCEPTION '{MESSAGE}'; END $$"
            )
        for table in TABLES:
            if table in present:
                for statement in _statements(connection.vendor, table):
                    cursor.execute(statement)


def _statements(vendor: str, table: str) -> list[str]:
    first, second = names(table)
    if vendor == "postgresql":
        return [
            (
                f"CREATE OR REPLACE TRIGGER {first} BEFORE UPDATE OR DELETE ON {table} "
                "FOR EACH ROW EXECUTE FUNCTION moderation_append_only()"
            ),
            (
                f"CREATE OR REPLACE TRIGGER {second} BEFORE TRUNCATE ON {table} "
                "FOR EACH STATEMENT EXECUTE FUNCTION moderation_append_only()"
            ),
            f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {first}, ENABLE ALWAYS TRIGGER {second}",
        ]
    if vendor == "sqlite":
        return [
            f"CREATE TRIGGER IF NOT EXISTS {name} BEFORE {verb} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{MESSAGE}'); END"
            for name, verb in ((first, "UPDATE"), (second, "DELETE"))
        ]
    return []


def missing() -> list[str]:
    """Return the names of triggers that should be there and are not, or do not always fire."""
    connection = connections[database()]
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled = 'A'")
        elif connection.vendor == "sqlite":
            cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        else:
            return []
        there = {name for (name,) in cursor.fetchall()}
    return [name for table in TABLES for name in names(table) if name not in there]


@contextmanager
def lifted() -> Iterator[None]:
    """Remove the triggers for one transaction, and put them back in it: nobody else sees the history
    without them, and a rollback restores them. For ``manage.py flush``, and for nothing else."""
    with transaction.atomic(using=database()):
        remove()
        yield
        install()


def remove() -> None:
    """Drop every trigger; needs the role that owns the tables."""
    connection = connections[database()]
    with connection.cursor() as cursor:
        for table in TABLES:
            for name in names(table):
                suffix = f" ON {table}" if connection.vendor == "postgresql" else ""
                cursor.execute(f"DROP TRIGGER IF EXISTS {name}{suffix}")
