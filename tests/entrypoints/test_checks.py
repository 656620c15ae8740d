"""System checks, one by one: each is silent on a good set-up and says what to do on a bad one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core import checks as framework
from django.db import connection

from moderation import checks, conf
from moderation.checks import installed
from moderation.models import Blocklist
from moderation.services.history import triggers

pytestmark = pytest.mark.django_db(transaction=True)


def _ids(check: Any, **kwargs: Any) -> list[str]:
    messages = check(app_configs=None, databases=["default"], **kwargs)
    assert all(message.hint for message in messages)
    return [message.id for message in messages]


def test_a_good_set_up_is_silent() -> None:
    messages = framework.run_checks(databases=["default"])

    assert [message for message in messages if str(message.id).startswith("moderation.")] == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"DISPACHER": "x"},
        {"MAX_BYTES": "much"},
        {"MAX_BYTES": 0},
        {"ALGORITHMS": ["md5"]},
        {"ALGORITHMS": []},
        {"RADII": {"dhash256": (40, 30)}},
        {"RADII": {"dhash256": (None, 257)}},
        {"RADII": {"dhash256": 12}},
        {"PUBLISH_ANIMATED": 1},
        {"HMA_CLIENTS": {"short": "coop"}},
        {"HMA_CLIENTS": {"10.1.0.0/24": ""}},
        {"OUTGOING_REQUESTS": ["everywhere"]},
    ],
)
def test_e001_settings_that_make_no_sense(settings: Any, wrong: dict[str, Any]) -> None:
    settings.MODERATION = wrong

    messages = checks.settings_are_valid(None)

    assert [message.id for message in messages] == ["moderation.E001"]
    assert next(iter(wrong)) in messages[0].msg or "dhash256" in messages[0].msg or "md5" in messages[0].msg


def test_e002_no_quarantine(settings: Any) -> None:
    settings.STORAGES = {
        key: value for key, value in settings.STORAGES.items() if key != "moderation_quarantine"
    }

    assert _ids(checks.quarantine_is_private) == ["moderation.E002"]


@pytest.mark.parametrize("case", ["plain", "inside", "the same"])
def test_e003_quarantine_that_would_publish(settings: Any, case: str, tmp_path: Path) -> None:
    public = "django.core.files.storage.FileSystemStorage"
    private = "moderation.storage.PrivateFileSystemStorage"
    config = {
        "plain": {"BACKEND": public, "OPTIONS": {"location": tmp_path / "elsewhere"}},
        "inside": {"BACKEND": private, "OPTIONS": {"location": Path(settings.MEDIA_ROOT) / "q"}},
        "the same": {"BACKEND": private, "OPTIONS": {"location": settings.MEDIA_ROOT}},
    }[case]
    settings.STORAGES = {**settings.STORAGES, "moderation_quarantine": config}

    assert _ids(checks.quarantine_is_private) == ["moderation.E003"]


def test_e004_and_w001_sqlite_that_would_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("about SQLite")
    monkeypatch.setitem(connection.settings_dict, "OPTIONS", {})

    assert _ids(checks.sqlite_does_not_lock) == ["moderation.E004", "moderation.W001"]


def test_e005_an_isolation_level_with_stale_snapshots(monkeypatch: pytest.MonkeyPatch) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("about PostgreSQL")
    from psycopg import IsolationLevel

    options = {"isolation_level": IsolationLevel.REPEATABLE_READ}
    monkeypatch.setitem(connection.settings_dict, "OPTIONS", options)

    assert _ids(checks.snapshots_are_fresh) == ["moderation.E005"]


def test_e006_an_old_pillow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("PIL.__version__", "12.9.0")

    assert _ids(checks.decoders_are_current) == ["moderation.E006"]


def test_w002_a_pillow_without_a_codec(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("PIL.features.check", lambda name: name != "avif")

    assert _ids(checks.decoders_are_current) == ["moderation.W002"]


def test_e008_a_dispatcher_that_is_not_there(settings: Any) -> None:
    settings.MODERATION = {**settings.MODERATION, "DISPATCHER": "nowhere.Dispatcher"}

    assert _ids(checks.dispatcher_is_there) == ["moderation.E008"]


def test_e009_a_missing_trigger() -> None:
    triggers.remove()

    assert _ids(checks.history_is_protected) == ["moderation.E009"]

    triggers.install()
    assert _ids(checks.history_is_protected) == []


@pytest.mark.parametrize("radii", [{"dhash256": [40, 30]}, {"md5": [1, 2]}, {"phash256": "wide"}])
def test_e010_radii_of_a_list_out_of_order(radii: dict[str, Any]) -> None:
    Blocklist.objects.filter(slug="default").update(radii=radii)

    assert _ids(checks.radii_are_in_order) == ["moderation.E010"]


def test_w003_no_addresses(settings: Any) -> None:
    settings.ROOT_URLCONF = "django.contrib.auth.urls"

    assert _ids(checks.private_media_has_an_address) == ["moderation.W003"]


def test_w006_a_transaction_around_every_request(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", True)

    assert _ids(checks.locks_are_short) == ["moderation.W006"]


def test_w004_debug_before_the_public(settings: Any) -> None:
    settings.DEBUG, settings.ALLOWED_HOSTS = True, ["example.org"]
    settings.MODERATION = {**settings.MODERATION, "SEAL_KEY": "k" * 40}

    assert _ids(checks.production_is_meant) == ["moderation.W004"]


def test_w005_seals_made_with_the_secret_key(settings: Any) -> None:
    settings.DEBUG = False

    assert _ids(checks.production_is_meant) == ["moderation.W005"]


def test_w007_says_what_is_not_caught_without_the_second_tier(settings: Any) -> None:
    settings.MODERATION = {**settings.MODERATION, "LOCAL": False}

    (message,) = checks.second_tier_is_there(app_configs=None)

    assert (message.id, message.is_serious()) == ("moderation.W007", False)
    for word in ("crops", "rotations", "perspective", "screenshots", "collages"):
        assert word in message.msg


def test_w007_is_what_an_installation_without_opencv_reads(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (installed, conf):
        monkeypatch.setattr(module, "find_spec", lambda _name: None)
    settings.MODERATION = {key: value for key, value in settings.MODERATION.items() if key != "LOCAL"}

    (message,) = checks.second_tier_is_there(app_configs=None)

    assert message.id == "moderation.W007"
    assert "pip install 'django-image-blocklist[local]'" in (message.hint or "")


def test_e012_the_second_tier_without_opencv(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installed, "find_spec", lambda _name: None)
    settings.MODERATION = {**settings.MODERATION, "LOCAL": True}

    assert _ids(checks.second_tier_is_there) == ["moderation.E012"]


def test_w008_pictures_that_are_purged_while_one_may_object(settings: Any) -> None:
    assert _ids(checks.pictures_outlast_appeals) == []
    settings.MODERATION = {**settings.MODERATION, "RETENTION": {"rejected": 30}}
    assert _ids(checks.pictures_outlast_appeals) == ["moderation.W008"]
    settings.MODERATION = {**settings.MODERATION, "RETENTION": {"rejected": 30}, "APPEAL_DAYS": 30}
    assert _ids(checks.pictures_outlast_appeals) == []
    settings.MODERATION = {**settings.MODERATION, "RETENTION": {"rejected": None}, "APPEAL_DAYS": 900}
    assert _ids(checks.pictures_outlast_appeals) == []


def test_w009_clients_that_send_no_key(settings: Any) -> None:
    assert _ids(checks.clients_without_a_key_are_meant) == []

    settings.MODERATION = {"HMA_CLIENTS": {"10.1.0.0/24": "coop"}}

    assert _ids(checks.clients_without_a_key_are_meant) == ["moderation.W009"]
