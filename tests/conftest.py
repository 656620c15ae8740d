"""Fixtures for every room of the suite."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from pytest_django import DjangoDbBlocker

# A machine that is busy with something else is no failure of a property.
settings.register_profile("suite", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("suite")

pytest_plugins = ["tests.plugin_servers"]

BESIDE_THE_PROJECT = Path(__file__).resolve().parents[2] / "shared" / "corpus"


@pytest.fixture(scope="session")
def corpus() -> Path:
    """Return the folder of real pictures, with its ``manifest.csv``; a test that asks for it is skipped without."""
    folder = Path(os.environ.get("MODERATION_CORPUS") or BESIDE_THE_PROJECT)
    if not (folder / "manifest.csv").is_file():
        pytest.skip("no picture corpus: MODERATION_CORPUS names the folder with manifest.csv")
    return folder


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> None:
    """Number users from 100,001 on: tests call moderators by small numbers, which no uploader may happen to get. Begin
    without a history, as every test does after a flush: ``migrate`` has written the settings down."""
    from django.contrib.auth.models import User
    from django.core.management.color import no_style
    from django.db import connection

    from moderation.services.history import triggers

    with django_db_blocker.unblock():
        last = User.objects.create(pk=100_000, username="last")
        with connection.cursor() as cursor:
            for statement in connection.ops.sequence_reset_sql(no_style(), [User]):
                cursor.execute(statement)
        last.delete()
        triggers.remove()
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM moderation_blocklistchange")
        triggers.install()


@pytest.fixture(scope="session")
def cases(corpus: Path) -> Path:
    """Return the folder of small files that were got wrong once, beside that of real pictures; skipped without."""
    folder = corpus.parent / "cases"
    if not folder.is_dir():
        pytest.skip("no folder of cases beside the picture corpus")
    return folder


def _uses_the_database(request: pytest.FixtureRequest) -> bool:
    wanted = {"db", "transactional_db", "live_server", "client"}
    return bool(request.node.get_closest_marker("django_db") or wanted & set(request.fixturenames))


def _commits(request: pytest.FixtureRequest) -> bool:
    marker = request.node.get_closest_marker("django_db")
    marked = bool(marker and marker.kwargs.get("transaction"))
    return marked or bool({"transactional_db", "live_server"} & set(request.fixturenames))


@pytest.fixture(autouse=True)
def _own_state(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[None]:
    """Give each test files of its own and an index that knows nothing of the test before."""
    if not _uses_the_database(request):
        yield
        return
    settings = request.getfixturevalue("settings")
    settings.MEDIA_ROOT = tmp_path / "media"
    storages = {alias: dict(config) for alias, config in settings.STORAGES.items()}
    quarantine = storages["moderation_quarantine"]
    quarantine["OPTIONS"] = {**quarantine["OPTIONS"], "location": tmp_path / "quarantine"}
    settings.STORAGES = storages
    settings.MODERATION = {**settings.MODERATION, "INDEX_DIR": str(tmp_path / "index")}

    request.getfixturevalue("transactional_db" if _commits(request) else "db")
    _forget_indexes()
    yield
    _forget_indexes()


def _forget_indexes() -> None:
    from moderation.services.search.earlier import earlier_uploads
    from moderation.services.search.index import banned_codes
    from moderation.services.search.local import banned_signatures

    banned_codes.forget()
    earlier_uploads.forget()
    banned_signatures.forget()
