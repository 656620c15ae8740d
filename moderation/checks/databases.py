"""Checks of the database: locks, isolation, and what is in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from django.core.checks import CheckMessage, Error, Tags
from django.core.checks import Warning as Caution
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, connections

from moderation.checks.registering import checked
from moderation.conf import check_band
from moderation.domain.algorithms import ALGORITHMS
from moderation.models import Blocklist
from moderation.services.history import triggers
from moderation.services.revision import database


@checked(Tags.database)
def sqlite_does_not_lock(databases: Sequence[str]) -> Iterator[CheckMessage]:
    """E004, W001: SQLite needs IMMEDIATE transactions, a timeout, and WAL: with the defaults, writers
    that read first meet “database is locked”."""
    connection = connections[database()]
    if connection.vendor != "sqlite":
        return
    options = connection.settings_dict.get("OPTIONS", {})
    if str(options.get("transaction_mode", "")).upper() not in ("IMMEDIATE", "EXCLUSIVE"):
        yield Error(
            "SQLite would answer “database is locked”: a transaction that reads first cannot write later.",
            hint='Set DATABASES[…]["OPTIONS"]["transaction_mode"] = "IMMEDIATE" and "timeout": 20.',
            id="moderation.E004",
        )
    if "wal" not in str(options.get("init_command", "")).lower():
        yield Caution(
            "SQLite is used without a write-ahead log: readers and writers wait for one another.",
            hint='Set DATABASES[…]["OPTIONS"]["init_command"] = "PRAGMA journal_mode=WAL;".',
            id="moderation.W001",
        )


@checked(Tags.database)
def snapshots_are_fresh(databases: Sequence[str]) -> Iterator[CheckMessage]:
    """E005: above READ COMMITTED a verdict would be based on a snapshot from before its lock."""
    connection = connections[database()]
    if connection.vendor == "postgresql" and connection.settings_dict.get("OPTIONS", {}).get(
        "isolation_level"
    ):
        from psycopg import IsolationLevel

        level = connection.settings_dict["OPTIONS"]["isolation_level"]
        if level not in (IsolationLevel.READ_COMMITTED, IsolationLevel.READ_COMMITTED.value):
            yield Error(
                "The database's isolation level is above READ COMMITTED: a screening would miss a ban that "
                "commits while it waits.",
                hint="Leave OPTIONS[“isolation_level”] out for the database of moderation.",
                id="moderation.E005",
            )


@checked(Tags.database)
def locks_are_short(databases: Sequence[str]) -> Iterator[CheckMessage]:
    """W006: with a transaction around every request, a change keeps its lock until the request ends."""
    if connections[database()].settings_dict.get("ATOMIC_REQUESTS"):
        yield Caution(
            "ATOMIC_REQUESTS is on: a ban in the desk keeps every screening waiting until its request ends, and "
            "the refusal of an upload is rolled back with a failing request.",
            hint="Leave it off for the database of moderation, and use transaction.atomic() where it is needed.",
            id="moderation.W006",
        )


@checked(Tags.database)
def history_is_protected(databases: Sequence[str]) -> Iterator[CheckMessage]:
    """E009: append-only triggers are missing (a migration on SQLite drops them without a word)."""
    if database() not in databases or not _migrated():
        return
    missing = triggers.missing()
    if missing:
        yield Error(
            f"The history can be changed: {len(missing)} triggers are missing, such as {missing[0]}.",
            hint="`manage.py migrate` installs them again; find out who removed them.",
            id="moderation.E009",
        )


@checked(Tags.database)
def radii_are_in_order(databases: Sequence[str]) -> Iterator[CheckMessage]:
    """E010: a blocklist with a block radius beyond its hold radius, or an unknown algorithm."""
    if database() not in databases or not _migrated():
        return
    for slug, radii in Blocklist.objects.values_list("slug", "radii"):
        for name, band in (radii or {}).items():
            fault = _fault_of(name, band, where=f"The radii of “{slug}” for {name}")
            if fault:
                yield Error(fault, hint="Edit the list in the admin.", obj=slug, id="moderation.E010")


def _fault_of(algorithm: str, band: object, *, where: str) -> str:
    if algorithm not in ALGORITHMS:
        return f"{where}: there is no such algorithm."
    try:
        check_band(algorithm, band, where=where)
    except ImproperlyConfigured as error:
        return str(error)
    return ""


def _migrated() -> bool:
    try:
        return Blocklist._meta.db_table in connections[database()].introspection.table_names()
    except DatabaseError:
        return False
