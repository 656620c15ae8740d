"""Files that are too large: no more of them is kept than is needed to say so."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client, RequestFactory
from django.urls import reverse

from avatars.uploads import CappedUploadHandler
from moderation.models import Refusal, Upload
from tests import pictures
from tests.entrypoints.visitors import browser_of, form, member, send

pytestmark = pytest.mark.django_db(transaction=True)

KIB = 1024


@pytest.fixture
def small_limit(settings: Any) -> None:
    settings.MODERATION = {**django_settings.MODERATION, "MAX_BYTES": 100 * KIB}


def test_over_the_limit_is_refused_with_the_texts_saved(small_limit: None, tmp_path: Path) -> None:
    ada = member()

    response = send(ada, pictures.encode(pictures.scene(1)) + bytes(300 * KIB), display_name="Countess")

    assert response.status_code == 400
    assert "too large" in response.content.decode()
    assert ada.display_name == "Countess"
    assert Refusal.objects.get().reason == "too_large"
    assert not Upload.objects.exists()
    assert not [path for path in (tmp_path / "quarantine").rglob("*") if path.is_file()]


def test_the_default_limit_is_twenty_megabytes() -> None:
    ada = member()
    picture = pictures.encode(pictures.scene(1))

    assert send(ada, picture + bytes(20 * KIB * KIB + 1 - len(picture))).status_code == 400
    assert "up to 20\u00a0MB" in browser_of(ada).get(reverse("avatars:profile")).content.decode()


def test_what_comes_after_the_limit_is_dropped(rf: RequestFactory) -> None:
    """One chunk too much is kept, the rest never reaches memory or disk."""
    cap = 100 * KIB + 1
    request = rf.post("/", {"picture": SimpleUploadedFile("a.jpg", bytes(900 * KIB))})

    request.upload_handlers.insert(0, CappedUploadHandler(request, cap=cap))

    file: Any = request.FILES["picture"]
    assert cap <= file.size <= cap + 64 * KIB


def test_far_too_large_is_answered_without_reading(small_limit: None) -> None:
    class Untouchable:
        def read(self, size: int = -1) -> bytes:
            raise AssertionError("the body was read")

        readline = read

    browser = browser_of(member())
    environment: Any = {"CONTENT_LENGTH": str(600 * KIB), "wsgi.input": Untouchable()}
    response = browser.generic(
        "POST", reverse("avatars:profile"), content_type="multipart/form-data; boundary=x", **environment
    )

    assert response.status_code == 413
    assert "A picture may have up to 0.0977\u00a0MB" in response.content.decode()


@pytest.mark.parametrize("length", ["", "-1", "many", "٣"])
def test_a_senseless_length_is_no_error(length: str) -> None:
    browser = browser_of(member())
    response = browser.generic("POST", reverse("avatars:profile"), CONTENT_LENGTH=length)
    assert response.status_code < 500


def test_the_handler_did_not_cost_the_csrf_check() -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(member().user)

    response = browser.post(reverse("avatars:profile"), form(pictures.encode(pictures.scene(1))))

    assert response.status_code == 403
    assert not Upload.objects.exists()
