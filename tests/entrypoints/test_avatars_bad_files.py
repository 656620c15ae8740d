"""No file that anybody can send is an error of ours."""

from __future__ import annotations

import io
import random
import zlib
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from moderation.models import Refusal, Upload
from tests import pictures
from tests.entrypoints.visitors import browser_of, form, member, send

pytestmark = pytest.mark.django_db(transaction=True)

PICTURE = pictures.scene(1)
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><script>alert(1)</script></svg>'


def _bomb() -> bytes:
    """Return a PNG header that promises 81 megapixels."""
    header = (9000).to_bytes(4, "big") * 2 + b"\x08\x02\x00\x00\x00"

    def chunk(kind: bytes, data: bytes) -> bytes:
        return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")

    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b""))
        + chunk(b"IEND", b"")
    )


AT_THE_DOOR = {
    "empty": (b"", "empty"),
    "a text": (b"Dear moderators", "not_an_image"),
    "svg": (SVG, "format_not_allowed"),
    "pdf": (b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n", "format_not_allowed"),
    "tiff": (pictures.encode(PICTURE, "TIFF"), "format_not_allowed"),
    "bmp": (pictures.encode(PICTURE, "BMP"), "format_not_allowed"),
    "psd": (b"8BPS\x00\x01" + bytes(40), "format_not_allowed"),
    "eps": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "format_not_allowed"),
    "81 megapixels": (_bomb(), "too_many_pixels"),
}


@pytest.mark.parametrize("case", AT_THE_DOOR)
def test_the_door_refuses_with_a_reason_and_keeps_only_the_audit(case: str, tmp_path: Path) -> None:
    data, reason = AT_THE_DOOR[case]
    ada = member()

    response = send(ada, data, display_name="Countess")

    assert response.status_code == 400
    html = response.content.decode()
    assert 'role="alert"' in html
    assert 'value="Countess"' in html
    assert not Upload.objects.exists()
    assert not [path for path in (tmp_path / "quarantine").rglob("*") if path.is_file()]
    assert Refusal.objects.get().reason == reason


def test_a_truncated_picture_is_refused_and_never_queued() -> None:
    ada = member()
    whole = pictures.encode(PICTURE)

    response = send(ada, whole[: len(whole) // 2])

    assert response.status_code in (400, 422)
    assert "could not read this picture" in response.content.decode()
    assert Upload.objects.filter(status__in=["pending", "held", "approved"]).count() == 0


def test_the_client_says_nothing_that_is_believed() -> None:
    """Neither the name, nor the type, nor both."""
    ada = member()
    lying = SimpleUploadedFile("evil.php\x00.svg", pictures.encode(PICTURE), content_type="image/svg+xml")

    response = browser_of(ada).post(reverse("avatars:profile"), form() | {"picture": lying})

    ada.refresh_from_db()
    assert response.status_code == 302
    name = ada.avatar.name or ""
    assert name.endswith(".jpg")
    assert "evil" not in name


def _raw(body: bytes, content_type: str) -> Any:
    return browser_of(member()).generic("POST", reverse("avatars:profile"), body, content_type=content_type)


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"", "multipart/form-data"),
        (b"--x\r\nContent-Disposition: form-data; name", "multipart/form-data; boundary=x"),
        (b"\xff\xfe", "application/x-www-form-urlencoded; charset=nonsense"),
        (b"display_name=" + b"a" * 3_000_000, "application/x-www-form-urlencoded"),
        (b"&".join(b"f%d=1" % number for number in range(2000)), "application/x-www-form-urlencoded"),
    ],
)
def test_a_broken_form_is_the_clients_error_and_changes_nothing(body: bytes, content_type: str) -> None:
    ada = member(display_name="Ada")

    assert 400 <= _raw(body, content_type).status_code < 500

    ada.refresh_from_db()
    assert ada.display_name == "Ada"


def test_two_pictures_in_one_form_are_one() -> None:
    ada = member()
    two = [SimpleUploadedFile(f"{seed}.jpg", pictures.encode(pictures.scene(seed))) for seed in (1, 2)]

    response = browser_of(ada).post(reverse("avatars:profile"), form() | {"picture": two})

    assert response.status_code == 302
    assert Upload.objects.count() == 1


@pytest.mark.slow
@pytest.mark.corpus
def test_no_hostile_file_is_an_error_of_ours(corpus: Path) -> None:
    """A sample; the whole corpus goes through the door in the tests of the sandbox."""
    files = sorted(path for path in (corpus / "hostile").rglob("*") if path.is_file())
    browser = Client()
    browser.force_login(member().user)
    answers: dict[str, int] = {}
    for path in random.Random(11).sample(files, 120):
        file = io.BytesIO(path.read_bytes())
        file.name = path.name
        answers[path.name] = browser.post(reverse("avatars:profile"), form() | {"picture": file}).status_code

    assert {name: code for name, code in answers.items() if code not in (302, 400, 422)} == {}
    assert {302, 400} <= set(answers.values())
