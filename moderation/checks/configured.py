"""Checks of the settings: storages, addresses, keys."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from django.conf import settings as django_settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.checks import Warning as Caution
from django.core.exceptions import ImproperlyConfigured
from django.core.files.storage import FileSystemStorage, InvalidStorageError
from django.urls import NoReverseMatch, reverse
from django.utils.module_loading import import_string

from moderation import storage
from moderation.checks.registering import checked
from moderation.conf import get_settings

LOOPBACK = {"localhost", "127.0.0.1", "[::1]", "testserver", ".localhost"}


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


@checked(Tags.security)
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


@checked(Tags.compatibility)
def dispatcher_is_there(databases: Sequence[str]) -> Iterator[CheckMessage]:
    """E008: nothing would wake up a screening."""
    path = get_settings().dispatcher
    try:
        import_string(path)
    except ImportError as error:
        yield Error(
            f"MODERATION[“DISPATCHER”] is “{path}”, which cannot be imported: {error}.",
            hint="Use moderation.dispatch.inline.InlineDispatcher, or moderation.dispatch.celery.CeleryDispatcher with "
            "pip install 'django-image-blocklist[celery]'.",
            id="moderation.E008",
        )


@checked(Tags.compatibility)
def pictures_outlast_appeals(databases: Sequence[str]) -> Iterator[CheckMessage]:
    """W008: a picture is purged while its owner may still object."""
    settings = get_settings()
    kept = settings.kept_days()["rejected"]
    if kept is not None and kept < settings.appeal_days:
        yield Caution(
            f"Rejected pictures are kept for {kept} days, and owners may object for {settings.appeal_days}: an appeal that is "
            "granted late finds nothing to publish.",
            hint="Raise MODERATION[“RETENTION”][“rejected”], or lower MODERATION[“APPEAL_DAYS”].",
            id="moderation.W008",
        )


@checked(Tags.urls)
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


@checked(Tags.security)
def clients_without_a_key_are_meant(databases: Sequence[str]) -> Iterator[CheckMessage]:
    """W009: clients that send no key act with one."""
    clients = get_settings().hma_clients
    if clients:
        yield Caution(
            f"MODERATION[“HMA_CLIENTS”] lets {len(clients)} clients act without sending a key: whoever reaches the network, "
            "or reads an address in a log, is such a client.",
            hint="Use keys where the client can send one. Else give its key no more scopes than it needs, and silence this "
            "check.",
            id="moderation.W009",
        )


@checked(Tags.security, deploy=True)
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
