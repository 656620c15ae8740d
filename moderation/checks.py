"""System checks: what would make the filter leak, lock or miss, said before it does.

Those that read the database run with ``manage.py migrate`` and ``check --database default``; those
about production with ``check --deploy``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import PIL
from django.conf import settings as django_settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.checks import Warning as Caution
from django.core.exceptions import ImproperlyConfigured
from django.core.files.storage import FileSystemStorage, InvalidStorageError
from django.db import DatabaseError, connections
from django.urls import NoReverseMatch, reverse
from django.utils.module_loading import import_string
from PIL import features

from moderation import storage
from moderation.conf import check_band, get_settings
from moderation.domain.fingerprints import ALGORITHMS
from moderation.models import Blocklist
from moderation.services.history import triggers
from moderation.services.revision import database
from moderation.services.search.local import NOT_CAUGHT

CODECS = {"JPEG": "jpg", "PNG": "zlib", "WEBP": "webp", "AVIF": "avif"}
"""What Pillow must have been built with, by format; the others need nothing."""
PILLOW_FLOOR = (13, 0)
"""Older decoders overflow (CVE-2026-112398, CVE-2026-112403)."""
LOOPBACK = {"localhost", "127.0.0.1", "[::1]", "testserver", ".localhost"}


def _checked(*tags: str, **options: Any) -> Callable[..., Any]:
    """Register a generator of messages; it is left alone where the settings cannot be read at all,
    which :func:`settings_are_valid` reports."""

    def decorate(check: Callable[..., Iterator[CheckMessage]]) -> Callable[..., list[CheckMessage]]:
        def run(
            app_configs: object, databases: Sequence[str] | None = None, **kwargs: Any
        ) -> list[CheckMessage]:
            try:
                get_settings()
            except ImproperlyConfigured:
                return []
            return list(check(databases or ()))

        run.__name__, run.__doc__ = check.__name__, check.__doc__
        register(run, *tags, **options)
        return run

    return decorate


@register(Tags.compatibility)
def settings_are_valid(app_configs: object, **kwargs: Any) -> list[CheckMessage]:
    """E001: ``MODERATION`` names something that is not there, or of the wrong kind."""
    try:
        get_settings()
    except ImproperlyConfigured as error:
        return [
            Error(
                str(error), hint="See the reference of settings in the documentation.", id="moderation.E001"
            )
        ]
    return []


@_checked(Tags.security)
def quarantine_is_private(databases: Sequence[str]) -> Iterator[CheckMessage]:
    """E002, E003: what is not published must have no public address."""
    alias = get_settings().quarantine_storage
    try:
        quarantine = storage.quarantine()
    except InvalidStorageError:
        yield Error(
            f'STORAGES has no "{alias}": there is no place for pictures that are not published.',
            hint="Add a moderation.storage.PrivateFileSystemStorage whose “location” is outside of MEDIA_ROOT.",
            id="moderation.E002",
        )
        return
    public = storage.public()
    same = quarantine is public
    reachable = False
    if isinstance(quarantine, FileSystemStorage):
        private = Path(quarantine.location).resolve()
        served = str(django_settings.MEDIA_ROOT)
        roots = [Path(served).resolve()] if served else []
        if isinstance(public, FileSystemStorage):
            roots.append(Path(public.location).resolve())
        same = same or any(private == root or root in private.parents for root in roots)
        reachable = not isinstance(quarantine, storage.PrivateFileSystemStorage)
    if same or reachable:
        yield Error(
            f'The storage "{alias}" would publish what is in quarantine.',
            hint="Use moderation.storage.PrivateFileSystemStorage with a “location” that no web server serves.",
            id="moderation.E003",
        )


@_checked(Tags.database)
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


@_checked(Tags.database)
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


@_checked(Tags.database)
def locks_are_short(databases: Sequence[str]) -> Iterator[CheckMessage]:
    """W006: with a transaction around every request, a change keeps its lock until the request ends."""
    if connections[database()].settings_dict.get("ATOMIC_REQUESTS"):
        yield Caution(
            "ATOMIC_REQUESTS is on: a ban in the desk keeps every screening waiting until its request ends, and "
            "the refusal of an upload is rolled back with a failing request.",
            hint="Leave it off for the database of moderation, and use transaction.atomic() where it is needed.",
            id="moderation.W006",
        )


@_checked(Tags.security)
def decoders_are_current(databases: Sequence[str]) -> Iterator[CheckMessage]:
    """E006, W002: an old Pillow, or one that cannot read a format that the settings allow."""
    version = tuple(int(part) for part in PIL.__version__.split(".")[:2])
    if version < PILLOW_FLOOR:
        yield Error(
            f"Pillow {PIL.__version__} has decoder overflows that an uploader can reach.",
            hint="Install Pillow 13 or later.",
            id="moderation.E006",
        )
    unreadable = sorted(
        name for name in get_settings().formats if name in CODECS and not features.check(CODECS[name])
    )
    if unreadable:
        yield Caution(
            f"This Pillow cannot read {', '.join(unreadable)}, which MODERATION[“FORMATS”] allows.",
            hint="Install a Pillow with these codecs, or take the formats out.",
            id="moderation.W002",
        )


@_checked(Tags.compatibility)
def extras_are_installed(databases: Sequence[str]) -> Iterator[CheckMessage]:
    """E007: an algorithm whose library is not there."""
    for name in get_settings().algorithms:
        algorithm = ALGORITHMS[name]
        if not algorithm.available:
            yield Error(
                f"The algorithm “{name}” needs the module {algorithm.requires}, which is not installed.",
                hint=f"pip install 'django-image-blocklist[{name}]', or take it out of MODERATION[“ALGORITHMS”].",
                id="moderation.E007",
            )


@_checked(Tags.compatibility)
def second_tier_is_there(databases: Sequence[str]) -> Iterator[CheckMessage]:
    """E012, W007: the second tier is off, or asked for without its library."""
    there = find_spec("cv2") is not None
    if get_settings().local and not there:
        yield Error(
            "MODERATION[“LOCAL”] is on, and OpenCV is not installed: no upload could be screened.",
            hint="pip install 'django-image-blocklist[local]', or take MODERATION[“LOCAL”] out.",
            id="moderation.E012",
        )
    elif not get_settings().local:
        how = "Take MODERATION[“LOCAL”] out" if there else "pip install 'django-image-blocklist[local]'"
        yield Caution(
            f"The second tier is off, so nothing looks for {NOT_CAUGHT}.",
            hint=f"{how}; or, if you want it so, put moderation.W007 into SILENCED_SYSTEM_CHECKS.",
            id="moderation.W007",
        )


@_checked(Tags.compatibility)
def dispatcher_is_there(databases: Sequence[str]) -> Iterator[CheckMessage]:
    """E008: nothing would wake up a screening."""
    path = get_settings().dispatcher
    try:
        import_string(path)
    except ImportError as error:
        yield Error(
            f"MODERATION[“DISPATCHER”] is “{path}”, which cannot be imported: {error}.",
            hint="Use moderation.dispatch.inline.InlineDispatcher or moderation.dispatch.celery.CeleryDispatcher.",
            id="moderation.E008",
        )


@_checked(Tags.urls)
def private_media_has_an_address(databases: Sequence[str]) -> Iterator[CheckMessage]:
    """W003: without our addresses moderators see no pictures."""
    try:
        reverse("moderation:upload-picture", args=[1])
    except NoReverseMatch:
        yield Caution(
            "The addresses of moderation are not in the URL configuration: moderators see no pictures.",
            hint='Add path("moderation/", include("moderation.urls")).',
            id="moderation.W003",
        )


@_checked(Tags.database)
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


@_checked(Tags.database)
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


@_checked(Tags.security, deploy=True)
def production_is_meant(databases: Sequence[str]) -> Iterator[CheckMessage]:
    """W004, W005: DEBUG before the public, and a seal key that is only SECRET_KEY."""
    if django_settings.DEBUG and not LOOPBACK.issuperset(django_settings.ALLOWED_HOSTS):
        yield Caution(
            "DEBUG is on for hosts that others can reach: error pages show uploads' names and settings.",
            hint="Set DEBUG = False.",
            id="moderation.W004",
        )
    if not get_settings().seal_key:
        yield Caution(
            "The audit is sealed with a key made from SECRET_KEY: rotating that breaks the seals.",
            hint="Set MODERATION[“SEAL_KEY”] to a secret of its own, and keep it outside of the database.",
            id="moderation.W005",
        )
