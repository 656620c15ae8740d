"""``seed_large``."""

from __future__ import annotations

from typing import Any

import pytest

from moderation.models import BannedImage, Fingerprint, Revision, Screening, Upload
from tests.entrypoints.commands import run

pytestmark = pytest.mark.django_db
SMALL = ("--uploads", 10, "--entries", 7, "--screenings", 25)


@pytest.fixture(autouse=True)
def _in_development(settings: Any) -> None:
    settings.DEBUG = True


def test_it_makes_what_was_asked_for() -> None:
    outcome = run("seed_large", *SMALL)

    assert outcome.status == 0, outcome.message
    made = {name: outcome.line[name] for name in ("uploads", "entries", "screenings", "matches", "appeals")}
    assert made == {"uploads": 10, "entries": 7, "screenings": 25, "matches": 10, "appeals": 1}
    assert (Upload.objects.count(), BannedImage.objects.count(), Screening.objects.count()) == (10, 7, 25)
    assert Fingerprint.objects.count() == 2 * 7
    assert Revision.objects.get(pk=1).entries == 7


def test_a_site_with_uploads_is_left_alone() -> None:
    run("seed_large", *SMALL)

    refused = run("seed_large", *SMALL)

    assert (refused.status, Upload.objects.count()) == (2, 10)
    assert "already" in refused.message
    assert run("seed_large", *SMALL, "--yes").status == 0
    assert Upload.objects.count() == 20


def test_production_is_left_alone(settings: Any) -> None:
    settings.DEBUG = False

    refused = run("seed_large", *SMALL)

    assert (refused.status, Upload.objects.count()) == (2, 0)
    assert "DEBUG" in refused.message
    assert run("seed_large", *SMALL, "--yes").status == 0


def test_screenings_need_uploads() -> None:
    assert run("seed_large", "--uploads", 0, "--screenings", 5).status == 2
