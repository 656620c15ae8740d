"""System checks: what would make the filter leak, lock or miss, said before it does.

Those that read the database run with ``manage.py migrate`` and ``check --database default``; those
about production with ``check --deploy``.
"""

from moderation.checks.configured import (
    clients_without_a_key_are_meant,
    dispatcher_is_there,
    pictures_outlast_appeals,
    private_media_has_an_address,
    production_is_meant,
    quarantine_is_private,
    settings_are_valid,
)
from moderation.checks.databases import (
    history_is_protected,
    locks_are_short,
    radii_are_in_order,
    snapshots_are_fresh,
    sqlite_does_not_lock,
)
from moderation.checks.installed import (
    decoders_are_current,
    second_tier_is_there,
)

__all__ = [
    "clients_without_a_key_are_meant",
    "decoders_are_current",
    "dispatcher_is_there",
    "history_is_protected",
    "locks_are_short",
    "pictures_outlast_appeals",
    "private_media_has_an_address",
    "production_is_meant",
    "quarantine_is_private",
    "radii_are_in_order",
    "second_tier_is_there",
    "settings_are_valid",
    "snapshots_are_fresh",
    "sqlite_does_not_lock",
]
