"""The database: does it answer, is it as the code expects it, is its history safe."""

from __future__ import annotations

from django.db import connections, transaction
from django.db.migrations.executor import MigrationExecutor

from moderation import selectors
from moderation.conf import get_settings
from moderation.models import BannedImage, BlocklistChange, Revision
from moderation.selectors.state import settings_values
from moderation.services import revision
from moderation.services.history import triggers
from moderation.services.history.differences import differences
from moderation.services.history.replay import latest_settings
from moderation.services.operations.diagnosis.finding import Finding
from moderation.services.revision import database as alias

NAMED = 5
"""Differences that one finding names."""


def answers(_mend: bool) -> Finding:
    """Find out whether a statement comes back, and SQLite is set up for more than one writer."""
    connection = connections[alias()]
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        if cursor.fetchone() != (1,):
            return Finding.fault("The database answers, but not what it was asked.")
    name = connection.vendor
    if name == "sqlite":
        options = connection.settings_dict.get("OPTIONS", {})
        if str(options.get("transaction_mode", "")).upper() != "IMMEDIATE":
            return Finding.fault(
                'SQLite needs OPTIONS["transaction_mode"] = "IMMEDIATE": without it writers fail with '
                "“database is locked”, and a ban and a screening may miss one another."
            )
    elif name != "postgresql":
        return Finding.fault(f"{name} is not supported: nothing keeps a ban and a screening apart on it.")
    return Finding.fine(f"{name} answers.", vendor=name)


def migrations(_mend: bool) -> Finding:
    """Find migrations of this version that are not applied."""
    executor = MigrationExecutor(connections[alias()])
    targets = [key for key in executor.loader.graph.leaf_nodes() if key[0] == "moderation"]
    missing = [f"{step.app_label}.{step.name}" for step, _ in executor.migration_plan(targets)]
    if missing:
        return Finding.fault(f"Not applied: {', '.join(missing)}. Run `manage.py migrate`.", missing=missing)
    return Finding.fine("All migrations are applied.")


def triggers_in_place(mend: bool) -> Finding:
    """Find out whether the database itself refuses to change the history."""
    missing = triggers.missing()
    if missing and mend:
        triggers.install()
        left = triggers.missing()
        if not left:
            return Finding.fine(f"{len(missing)} triggers put back.", mended=len(missing))
        missing = left
    if missing:
        return Finding.fault(
            f"{len(missing)} triggers that keep the history from being changed are missing: "
            f"{', '.join(missing)}. `doctor --mend` or `manage.py migrate` puts them back.",
            missing=missing,
        )
    return Finding.fine("The history is append-only in the database.")


def revision_row(mend: bool) -> Finding:
    """Find out whether the counter agrees with the history and with the entries."""
    row = Revision.objects.using(alias()).filter(pk=1).first()
    if row is None:
        if not mend:
            return Finding.fault(
                "The revision row is missing. `manage.py migrate` or `doctor --mend` makes it."
            )
        Revision.objects.using(alias()).create(pk=1)
        row = Revision.objects.using(alias()).get(pk=1)
    last = BlocklistChange.objects.order_by("-revision").first()
    if last is not None and (last.revision != row.number or last.token != row.token):
        return Finding.fault(
            f"The revision says {row.number}, the last change in the history {last.revision}: something wrote to "
            "the database beside this program. Restore it from a backup that is whole."
        )
    return _entries(row, mend)


def _entries(row: Revision, mend: bool) -> Finding:
    counted = selectors.tightening().count()
    if counted == row.entries:
        active = BannedImage.objects.active().count()
        return Finding.fine(f"Revision {row.number}, {active:,} active entries.", revision=row.number)
    if not mend:
        return Finding.fault(
            f"The revision counts {row.entries:,} entries that can change a verdict, there are {counted:,}: default "
            "radii may be wrong. `doctor --mend` counts again."
        )
    with revision.exclusive_change():
        counted = selectors.tightening().count()
        with transaction.atomic(using=alias()):
            Revision.objects.using(alias()).filter(pk=1).update(entries=counted)
    return Finding.fine(f"Counted again: {counted:,} entries that can change a verdict.", mended=1)


def seal_key(_mend: bool) -> Finding:
    """Find out whether the seals have a key of their own."""
    if get_settings().seal_key:
        return Finding.fine("The audit seals have a key of their own.")
    return Finding.warning(
        'The audit seals\' key is derived from SECRET_KEY: when that changes, the chain breaks. Set MODERATION["SEAL_KEY"].'
    )


def state(_mend: bool) -> Finding:
    """Compare lists and entries with a replay of the history; their codes are left to ``verify_audit --state``."""
    found = list(differences(codes=False))
    if found:
        named = " ".join(one.message for one in found[:NAMED])
        return Finding.fault(
            f"{len(found):,} things are not as the history says: {named} `manage.py verify_audit --state` names all.",
            count=len(found),
        )
    return Finding.fine("Lists and entries are as the history says.")


def settings(_mend: bool) -> Finding:
    """Compare the settings that alter verdicts with those that ``migrate`` wrote down."""
    recorded, now = latest_settings(), settings_values()
    if recorded is None:
        return Finding.warning("The history has no settings: `manage.py migrate` writes them down.")
    drift = [name for name in sorted(now.keys() | recorded.keys()) if now.get(name) != recorded.get(name)]
    if drift:
        words = "; ".join(f"{name} is {now.get(name)!r}, was {recorded.get(name)!r}" for name in drift)
        return Finding.warning(
            f"Settings that alter verdicts are not those in the history: {words}. `manage.py migrate` writes them down.",
            drift=drift,
        )
    return Finding.fine("The settings that alter verdicts are those in the history.")
