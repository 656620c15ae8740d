"""``POST /v1/screen``."""

from __future__ import annotations

import numpy as np
import pytest
from django.test import Client
from PIL import Image

from moderation import api
from moderation.models import Refusal, Screening, Upload
from moderation.services.access import keys
from tests.http.servers import Caller, own_list
from tests.pictures import encode, flat, scene
from tests.services.people import kept_files

pytestmark = pytest.mark.django_db(transaction=True)
SCREEN = "/v1/screen"


def _code(answer: object) -> tuple[int, str]:
    body = answer.json()  # type: ignore[attr-defined]
    assert answer["Content-Type"] == "application/problem+json"  # type: ignore[index]
    assert body["status"] == answer.status_code  # type: ignore[attr-defined]
    return body["status"], body["code"]


def test_a_copy_of_a_banned_picture_is_blocked_in_the_next_request() -> None:
    caller = Caller("screen", "curate")
    assert caller.raw(SCREEN, encode(scene(1))).json()["verdict"] == "allow"

    assert caller.raw("/v1/bans", encode(scene(1))).status_code == 201
    answer = caller.raw(SCREEN, encode(scene(1), quality=40))

    assert (answer.status_code, answer.json()["verdict"], answer.json()["reason"]) == (200, "block", "copy")
    assert answer.json()["policy_text"] == "This picture is not allowed here."
    assert answer["Cache-Control"] == "no-store"


def test_a_form_with_one_file_is_as_good_as_a_raw_body() -> None:
    api.ban(encode(scene(1)))

    assert Caller("screen").form(SCREEN, encode(scene(1))).json()["verdict"] == "block"


def test_nothing_is_stored() -> None:
    caller = Caller("screen")

    caller.raw(SCREEN, encode(scene(1)))
    caller.raw(SCREEN, b"no picture")

    assert not Upload.objects.exists()
    assert not Screening.objects.exists()
    assert not Refusal.objects.exists()
    assert kept_files("moderation_quarantine") == []


@pytest.mark.parametrize(
    "header", [None, "", "Bearer", "Bearer x", "Basic eDp5", "Bearer ib_aaaaaaaa_" + "b" * 43, "ib_x"]
)
def test_no_key_is_a_401(header: str | None) -> None:
    client = Client(raise_request_exception=False)
    answer = client.post(
        SCREEN, encode(scene(1)), "image/jpeg", headers={"Authorization": header} if header else {}
    )

    assert _code(answer) == (401, "key_refused")
    assert answer["WWW-Authenticate"].startswith("Bearer")


def test_a_withdrawn_key_is_a_401() -> None:
    caller = Caller("screen")
    keys.revoke(key_id=caller.key.pk)

    assert _code(caller.raw(SCREEN, encode(scene(1)))) == (401, "key_refused")


def test_a_wrong_scope_is_a_403() -> None:
    assert _code(Caller("upload").raw(SCREEN, encode(scene(1)))) == (403, "scope_missing")


def test_too_many_requests_are_a_429() -> None:
    caller = Caller("screen", per_minute=2)
    answers = [caller.raw(SCREEN, encode(scene(1))) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert _code(answers[2]) == (429, "too_many_requests")
    assert int(answers[2]["Retry-After"]) > 0


@pytest.mark.parametrize(
    ("data", "kind", "expected"),
    [
        (b"", "image/jpeg", (422, "empty")),
        (b"no picture", "image/jpeg", (415, "not_an_image")),
        (encode(scene(1))[:2_000], "image/jpeg", (422, "undecodable")),
        (encode(scene(1), "BMP"), "image/bmp", (415, "format_not_allowed")),
        (encode(scene(1)), "text/plain", (415, "unsupported_media_type")),
        (encode(scene(1)), "application/x-www-form-urlencoded", (415, "unsupported_media_type")),
        (encode(scene(1)), "multipart/form-data", (400, "bad_request")),
        (b"--x\r\n", "multipart/form-data; boundary=x", (422, "one_file")),
    ],
)
def test_what_is_no_picture_is_said_to_be_none(data: bytes, kind: str, expected: tuple[int, str]) -> None:
    assert _code(Caller("screen").raw(SCREEN, data, kind)) == expected


def test_a_form_has_one_file() -> None:
    caller = Caller("screen")

    assert _code(caller.form(SCREEN, encode(scene(1)), encode(scene(2)))) == (422, "one_file")
    assert _code(caller.client.post(SCREEN, {"text": "none"})) == (422, "one_file")


def test_a_body_that_says_it_is_too_large_is_not_read(settings: object) -> None:
    settings.MODERATION = {**settings.MODERATION, "MAX_BYTES": 10_000}  # type: ignore[attr-defined]
    caller = Caller("screen")

    assert _code(caller.raw(SCREEN, b"x" * 10_001)) == (413, "too_large")
    assert _code(caller.form(SCREEN, b"x" * 10_001)) == (413, "too_large")
    assert _code(caller.form(SCREEN, b"x" * 100_000)) == (413, "too_large")


def test_a_body_without_a_length_is_a_411() -> None:
    answer = Caller("screen").raw(SCREEN, encode(scene(1)), **{"Transfer-Encoding": "chunked"})

    assert _code(answer) == (411, "length_required")


def test_a_picture_of_several_megabytes_passes_the_site_s_own_bounds() -> None:
    pixels = np.random.default_rng(1).integers(0, 255, (900, 900, 3), dtype=np.uint8)
    data = encode(Image.fromarray(pixels), "PNG")
    assert len(data) > 2_000_000

    caller = Caller("screen")
    assert caller.raw(SCREEN, data, "image/png").status_code == 200
    assert caller.form(SCREEN, data).status_code == 200


def test_a_flat_picture_has_a_verdict() -> None:
    assert Caller("screen").raw(SCREEN, encode(flat(), "PNG"), "image/png").json()["verdict"] == "allow"


def test_a_tenant_is_screened_by_its_own_lists() -> None:
    own_list("acme")
    acme, other = Caller(tenant="acme"), Caller(tenant="other")
    assert acme.raw("/v1/bans?blocklist=acme-own", encode(scene(1))).status_code == 201

    assert acme.raw(SCREEN, encode(scene(1))).json()["verdict"] == "block"
    assert other.raw(SCREEN, encode(scene(1))).json()["verdict"] == "allow"


def test_another_method_is_a_405() -> None:
    assert Caller("screen").get(SCREEN).status_code == 405
