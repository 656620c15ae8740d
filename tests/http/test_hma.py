"""The addresses of Hasher-Matcher-Actioner: its shapes, and what its clients rely on."""

from __future__ import annotations

import io
import time
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from moderation import api
from moderation.models import BannedImage, Blocklist, BlocklistChange, Rescan
from moderation.services.access import keys
from tests.http.servers import Caller
from tests.pictures import encode, scene

pytestmark = pytest.mark.django_db(transaction=True)
PDQ = "f8f8f0cee0f4a84f06370a22038f63f0b36e2ed596621e1d33e6b39c4e9c9b22"
NEAR = "f8f8f0cee0f4a84f06370a2a038f63f0b36e26d596621e1d33e6b39c4e9c9b22"
FAR = "c186f9619659658c4b6916daf934496985f4259c72c39676ab9edb631c3c349c"


@pytest.fixture(autouse=True)
def _whole(settings: Any) -> None:
    settings.MODERATION = {**settings.MODERATION, "ALGORITHMS": ("dhash256", "phash256", "pdqfull")}


@pytest.fixture
def hma() -> Caller:
    """Return a client that may do everything."""
    return Caller("match", "curate", "screen", "upload", lower=True)


def _put(caller: Caller, path: str, content: Any) -> Any:
    return caller.client.put(path, content, content_type="application/json")


def _bank(caller: Caller, name: str = "TEST_BANK", *hashes: str) -> list[int]:
    assert caller.json("/hma/c/banks", {"name": name}).status_code == 201
    made = [caller.json(f"/hma/c/bank/{name}/signal", {"pdq": one}) for one in hashes]
    assert {answer.status_code for answer in made} <= {200}
    return [answer.json()["id"] for answer in made]


def _lookup(caller: Caller, signal: str, **more: str) -> Any:
    return caller.get("/hma/m/lookup", data={"signal": signal, "signal_type": "pdq", **more})


def checkerboard(cell: int) -> bytes:
    """Draw the picture that the original's tests use."""
    picture = Image.new("L", (128, 128))
    picture.putdata([255 * ((n % 128 // cell + n // 128 // cell) % 2) for n in range(128 * 128)])
    return encode(picture.convert("RGB"), quality=75)


def test_the_hash_of_a_picture_is_alone_in_its_answer(hma: Caller) -> None:
    answer = hma.form("/hma/h/hash", encode(scene(1)), field="photo")

    assert answer.status_code == 200
    assert list(answer.json()) == ["pdq"]
    assert len(answer.json()["pdq"]) == 64


def test_a_picture_with_nothing_to_see_has_an_empty_hash(hma: Caller) -> None:
    flat = encode(Image.new("RGB", (200, 200), "red"))

    assert hma.form("/hma/h/hash", flat, field="photo").json() == {"pdq": ""}
    _bank(hma)
    refused = hma.form("/hma/c/bank/TEST_BANK/content", flat, field="photo")
    assert (refused.status_code, list(refused.json())) == (400, ["message"])


def test_a_checkerboard_is_taken(hma: Caller) -> None:
    _bank(hma)

    answer = hma.form("/hma/c/bank/TEST_BANK/content", checkerboard(8), field="photo")

    assert answer.status_code == 200
    signal = answer.json()["signals"]["pdq"]
    assert _lookup(hma, signal).json() == {
        "TEST_BANK": [{"bank_content_id": answer.json()["id"], "distance": "0"}]
    }


def test_banks_are_made_listed_renamed_and_deleted(hma: Caller) -> None:
    assert hma.get("/hma/c/banks").json() == []
    made = hma.json("/hma/c/banks", {"name": "MY_BANK"})
    assert (made.status_code, made.json()) == (201, {"name": "MY_BANK", "matching_enabled_ratio": 1.0})
    assert hma.json("/hma/c/banks", {"name": "MY_BANK"}).status_code == 403
    assert hma.get("/hma/c/bank/MY_BANK").json() == made.json()
    assert _put(hma, "/hma/c/bank/MY_BANK", {"name": "OTHER"}).json()["name"] == "OTHER"
    assert _put(hma, "/hma/c/bank/OTHER", {"enabled": False}).json()["matching_enabled_ratio"] == 0
    assert hma.get("/hma/c/banks").json() == [{"name": "OTHER", "matching_enabled_ratio": 0.0}]
    assert [hma.delete("/hma/c/bank/OTHER").json() for _ in range(2)] == [{"message": "Done"}] * 2
    assert hma.get("/hma/c/bank/OTHER").status_code == 404
    assert hma.json("/hma/c/banks", {"name": "MY_BANK"}).status_code == 201


@pytest.mark.parametrize("name", ["01_BANK", "bank", "", "A B", "X" * 101, "Ä", "A-B"])
def test_a_bank_is_named_in_capitals(name: str, hma: Caller) -> None:
    answer = hma.json("/hma/c/banks", {"name": name})

    assert (answer.status_code, answer.json()) == (
        400,
        {"message": "Bank names must be UPPER_WITH_UNDERSCORE"},
    )


@pytest.mark.parametrize(
    "body", [{}, {"name": 5}, {"name": None}, [], "x", {"name": "A", "enabled_ratio": "much"}]
)
def test_a_body_of_another_shape_is_a_422_with_a_list(body: Any, hma: Caller) -> None:
    answer = hma.json("/hma/c/banks", body)

    assert answer.status_code == 422
    assert {"type", "loc", "msg"} <= set(answer.json()[0])


def test_a_bank_is_a_blocklist_with_revision_audit_and_reach(hma: Caller) -> None:
    sent = hma.raw("/v1/uploads", encode(scene(1))).json()
    _bank(hma, "PORN")

    answer = hma.form("/hma/c/bank/PORN/content", encode(scene(1)), field="photo")

    entry = BannedImage.objects.get(pk=answer.json()["id"])
    assert entry.blocklist.slug == "porn"
    change = BlocklistChange.objects.get(kind="ban")
    assert (change.actor_id, change.blocklist) == (hma.key.actor_id, "porn")
    assert Rescan.objects.exists()
    assert hma.get(f"/v1/uploads/{sent['reference']}").json()["status"] == "rejected"
    assert hma.raw("/v1/screen", encode(scene(1), quality=50)).json()["verdict"] == "block"


def test_a_hash_holds_an_upload_of_the_picture(hma: Caller) -> None:
    signal = hma.form("/hma/h/hash", encode(scene(1)), field="photo").json()["pdq"]
    _bank(hma, "HASHES", signal)

    assert hma.raw("/v1/screen", encode(scene(1))).json()["verdict"] == "hold"


def test_a_ban_of_the_desk_is_found_once_its_list_is_a_bank(hma: Caller) -> None:
    number = api.ban(encode(scene(1))).banned.pk
    signal = hma.form("/hma/h/hash", encode(scene(1)), field="photo").json()["pdq"]
    assert _lookup(hma, signal).json() == {}

    assert hma.json("/hma/c/banks", {"name": "DEFAULT"}).status_code == 201

    assert _lookup(hma, signal).json() == {"DEFAULT": [{"bank_content_id": number, "distance": "0"}]}
    assert not Blocklist.objects.filter(slug__startswith="default-").exists()


def test_an_edited_copy_is_found_by_picture_in_the_next_request(hma: Caller) -> None:
    _bank(hma)
    number = hma.form("/hma/c/bank/TEST_BANK/content", encode(scene(1)), field="photo").json()["id"]

    found = hma.form("/hma/m/lookup", encode(scene(1), quality=40), field="photo").json()

    (match,) = found["pdq"]["TEST_BANK"]
    assert match["bank_content_id"] == number
    assert int(match["distance"]) <= 31


def test_lookups_have_the_shapes_of_the_original(hma: Caller) -> None:
    first, _ = _bank(hma, "TEST_BANK", PDQ, FAR)
    query = {"signal": NEAR, "signal_type": "pdq"}

    assert _lookup(hma, NEAR).json() == {"TEST_BANK": [{"bank_content_id": first, "distance": "2"}]}
    assert hma.get("/hma/m/raw_lookup", data=query).json() == {"matches": [first]}
    assert hma.get("/hma/m/raw_lookup", data=query | {"include_distance": "True"}).json() == {
        "matches": [{"bank_content_id": first, "distance": "2"}]
    }
    assert _lookup(hma, "5" * 64).json() == {}


def test_lookups_may_name_banks(hma: Caller) -> None:
    for name in ("BANK_A", "BANK_B", "BANK_C"):
        _bank(hma, name, PDQ)

    assert set(_lookup(hma, PDQ).json()) == {"BANK_A", "BANK_B", "BANK_C"}
    assert set(_lookup(hma, PDQ, banks="BANK_A,BANK_C").json()) == {"BANK_A", "BANK_C"}
    assert _lookup(hma, PDQ, banks="NONE").json() == {}
    raw = {"signal": PDQ, "signal_type": "pdq", "banks": "BANK_B"}
    assert len(hma.get("/hma/m/raw_lookup", data=raw).json()["matches"]) == 1


def test_a_share_of_lookups_names_a_bank_the_same_one_for_a_seed(hma: Caller) -> None:
    _bank(hma, "HALF", PDQ)
    _put(hma, "/hma/c/bank/HALF", {"enabled_ratio": 0.5})

    answers = {seed: bool(_lookup(hma, PDQ, seed=str(seed)).json()) for seed in range(30)}

    assert set(answers.values()) == {True, False}
    assert all(bool(_lookup(hma, PDQ, seed=str(seed)).json()) == named for seed, named in answers.items())
    _put(hma, "/hma/c/bank/HALF", {"enabled_ratio": "0"})
    assert _lookup(hma, PDQ).json() == {}
    assert _lookup(hma, PDQ, bypass_coinflip="true").json() != {}


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({}, 400),
        ({"signal": PDQ}, 400),
        ({"signal": "banana", "signal_type": "pdq"}, 400),
        ({"signal": PDQ.upper(), "signal_type": "pdq"}, 400),
        ({"signal": PDQ, "signal_type": "md5"}, 400),
        ({"signal": PDQ, "signal_type": "pdq", "bypass_coinflip": "perhaps"}, 422),
        ({"signal": PDQ, "signal_type": "pdq", "banks": "\0"}, 400),
        ({"url": "http://127.0.0.1/x.jpg"}, 403),
    ],
)
def test_a_lookup_that_is_none_says_so(query: dict[str, str], status: int, hma: Caller) -> None:
    assert hma.get("/hma/m/lookup", data=query).status_code == status


def test_a_raw_lookup_without_a_signal_is_a_422(hma: Caller) -> None:
    assert hma.get("/hma/m/raw_lookup").status_code == 422


def test_hashes_are_compared(hma: Caller) -> None:
    one = "facd8bcb2a49bcebdec1985298d5fe84bcd006c187c598c720c3c087b3fdb318"
    two = "facd8bcb2a49bcebdec1985228d5ae84bcd006c187c598c720c2b087b3fdb318"

    assert hma.json("/hma/m/compare", {"pdq": [one, two]}).json() == {"pdq": [True, {"distance": 9}]}
    assert hma.json("/hma/m/compare", {"pdq": [PDQ, FAR]}).json()["pdq"][0] is False


@pytest.mark.parametrize(
    "body",
    [
        ["a"],
        {"pdq": "a"},
        {"pdq": []},
        {"pdq": ["a", "a"]},
        {"pdq": [PDQ] * 3},
        {"md5": [PDQ, PDQ]},
        {"pdq": [1, 2]},
    ],
)
def test_what_cannot_be_compared_is_a_400(body: Any, hma: Caller) -> None:
    assert hma.json("/hma/m/compare", body).status_code == 400


def test_content_is_shown_noted_disabled_and_deleted(hma: Caller) -> None:
    (number,) = _bank(hma, "TEST_BANK", PDQ)
    url = f"/hma/c/bank/TEST_BANK/content/{number}"

    assert hma.get(url).json() == {
        "id": number,
        "disable_until_ts": 0,
        "original_media_uri": None,
        "bank": {"name": "TEST_BANK", "matching_enabled_ratio": 1.0},
    }
    assert hma.get(url, data={"include_signals": "true"}).json()["signals"] == {"pdq": PDQ}
    assert _put(hma, url, {"note": "seen"}).json()["note"] == "seen"
    later = int(time.time()) + 1_000
    assert _put(hma, url, {"disable_until_ts": later}).json()["disable_until_ts"] == later
    assert _lookup(hma, PDQ).json() == {}
    assert hma.get("/hma/m/raw_lookup", data={"signal": PDQ, "signal_type": "pdq"}).json() == {
        "matches": [number]
    }
    assert [hma.delete(url).json() for _ in range(2)] == [{"deleted": 1}, {"deleted": 0}]
    assert hma.get(url).status_code == 404
    assert not BannedImage.objects.get().active


@pytest.mark.parametrize(
    "body",
    [
        {"disable_until_ts": 9_999_999_999},
        {"disable_until_ts": -1},
        {"disable_until_ts": "soon"},
        {"disable_until_ts": None},
        {"disable_until_ts": 1e400},
        {"note": "x" * 256},
        {"note": 5},
        {"note": "\0"},
        [],
        5,
    ],
)
def test_content_is_changed_within_bounds(body: Any, hma: Caller) -> None:
    (number,) = _bank(hma, "TEST_BANK", PDQ)

    assert _put(hma, f"/hma/c/bank/TEST_BANK/content/{number}", body).status_code == 400


def test_metadata_of_a_form_comes_back(hma: Caller) -> None:
    _bank(hma)
    file = SimpleUploadedFile("a.jpg", encode(scene(1)), "image/jpeg")
    metadata = '{"content_id": "17", "content_uri": "https://example.com/17", "json": {"a": {"b": 1}}}'
    made = hma.client.post(
        "/hma/c/bank/TEST_BANK/content", {"photo": file, "metadata": metadata, "note": "by mail"}
    )
    url = f"/hma/c/bank/TEST_BANK/content/{made.json()['id']}"

    shown = hma.get(url).json()

    assert (shown["metadata"]["json"], shown["note"]) == ({"a": {"b": 1}}, "by mail")
    assert "metadata" not in hma.get(url, data={"include_metadata": "false"}).json()


@pytest.mark.parametrize(
    "metadata", ["{", "[]", '{"other": 1}', '{"content_id": 5}', '{"json": {"a": "\\u0000"}}']
)
def test_metadata_of_another_shape_is_a_400(metadata: str, hma: Caller) -> None:
    _bank(hma)
    file = SimpleUploadedFile("a.jpg", encode(scene(1)), "image/jpeg")

    answer = hma.client.post("/hma/c/bank/TEST_BANK/content", {"photo": file, "metadata": metadata})

    assert answer.status_code == 400
    assert not BannedImage.objects.exists()


@pytest.mark.parametrize(
    "body", [{}, {"pdq": "x"}, {"pdq": 5}, {"md5": PDQ}, {"pdq": PDQ, "note": "x" * 256}, [], "x"]
)
def test_a_signal_of_another_shape_is_a_400(body: Any, hma: Caller) -> None:
    _bank(hma)

    assert hma.json("/hma/c/bank/TEST_BANK/signal", body).status_code == 400
    assert not BannedImage.objects.exists()


def test_a_constant_hash_is_taken_and_matches_no_picture(hma: Caller) -> None:
    _bank(hma, "TEST_BANK", "0" * 64)

    flat = encode(Image.new("RGB", (300, 200), "white"))
    assert hma.form("/hma/m/lookup", flat, field="photo").status_code == 400
    for data in (flat, encode(scene(1))):
        assert hma.raw("/v1/screen", data).json()["verdict"] == "allow"


@pytest.mark.parametrize(
    ("field", "data", "status"),
    [
        ("photo", b"", 400),
        ("photo", b"no picture", 400),
        ("video", encode(scene(1)), 400),
        ("file", encode(scene(1)), 400),
    ],
)
def test_a_file_that_is_no_photo_is_a_400(field: str, data: bytes, status: int, hma: Caller) -> None:
    answer = hma.form("/hma/h/hash", data, field=field)

    assert (answer.status_code, list(answer.json())) == (status, ["message"])


def test_two_files_or_none_are_a_400(hma: Caller) -> None:
    assert hma.form("/hma/h/hash", encode(scene(1)), encode(scene(2)), field="photo").status_code == 400
    assert hma.client.post("/hma/h/hash").status_code == 400
    assert hma.raw("/hma/h/hash", encode(scene(1))).status_code == 400


def test_a_file_that_is_too_large_is_a_413(settings: Any, hma: Caller) -> None:
    settings.MODERATION = {**settings.MODERATION, "MAX_BYTES": 1_000}

    assert hma.form("/hma/h/hash", b"x" * 1_001, field="photo").status_code == 413
    assert hma.form("/hma/h/hash", b"x" * 100_000, field="photo").status_code == 413


def test_status_says_the_truth_about_the_index(
    hma: Caller, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (hma.get("/hma/status").status_code, hma.get("/hma/status").content) == (200, b"I-AM-ALIVE")
    assert hma.get("/hma/status/live").content == b"I-AM-ALIVE"
    _bank(hma, "TEST_BANK", PDQ, FAR)
    status = hma.get("/hma/m/index/status").json()["pdq"]
    assert (status["present"], status["size"]) == (True, 2)
    assert hma.get("/hma/c/signal_type/index").json()["pdq"]["index_out_of_date"] is False
    settings.MODERATION = {**settings.MODERATION, "ALGORITHMS": ("dhash256",)}

    answer = hma.get("/hma/status")

    assert (answer.status_code, answer.content) == (503, b"INDEX-NOT-LOADED")
    assert _lookup(hma, PDQ).status_code == 503


def test_types_and_exchanges_are_lists(hma: Caller) -> None:
    assert hma.get("/hma/c/signal_type").json() == [{"name": "pdq", "enabled_ratio": 1.0}]
    assert hma.get("/hma/c/content_type").json() == [{"name": "photo", "enabled": True}]
    assert hma.get("/hma/c/exchanges").json() == hma.get("/hma/c/exchanges/apis").json() == []
    assert hma.get("/hma/c/exchange/X").status_code == hma.get("/hma/c/exchange/X/status").status_code == 404
    assert "/c/bank/<bank>/content/<number>" in hma.get("/hma/site-map").json()


def test_a_tenant_sees_its_own_banks_alone(hma: Caller) -> None:
    acme, other = (Caller("match", "curate", tenant=tenant, lower=True) for tenant in ("acme", "other"))
    for caller in (acme, other, hma):
        _bank(caller, "SAME", PDQ)

    for caller in (acme, other, hma):
        assert len(caller.get("/hma/c/banks").json()) == 1
        assert len(_lookup(caller, PDQ).json()["SAME"]) == 1
    number = _lookup(acme, PDQ).json()["SAME"][0]["bank_content_id"]
    assert other.get(f"/hma/c/bank/SAME/content/{number}").status_code == 404
    assert other.delete(f"/hma/c/bank/SAME/content/{number}").json() == {"deleted": 0}
    other.delete("/hma/c/bank/SAME")
    assert len(_lookup(acme, PDQ).json()["SAME"]) == 1


def test_lowering_wants_the_scope_that_two_people_grant(hma: Caller) -> None:
    (number,) = _bank(hma, "TEST_BANK", PDQ)
    alone = Caller("match", "curate")
    content = f"/hma/c/bank/TEST_BANK/content/{number}"

    assert alone.delete(content).status_code == 403
    assert alone.delete("/hma/c/bank/TEST_BANK").status_code == 403
    assert _put(alone, "/hma/c/bank/TEST_BANK", {"enabled": False}).status_code == 403
    assert _put(alone, content, {"disable_until_ts": int(time.time()) + 9}).status_code == 403
    assert _lookup(alone, PDQ).json() != {}


@pytest.mark.parametrize(
    "path", ["h/hash", "m/lookup", "m/raw_lookup", "m/index/status", "c/banks", "c/bank/A", "c/exchanges"]
)
def test_no_key_is_a_401_and_a_wrong_scope_a_403(path: str) -> None:
    caller = Caller("screen")

    assert caller.get(f"/hma/{path}").status_code == 403
    keys.revoke(key_id=caller.key.pk)
    answer = caller.get(f"/hma/{path}")
    assert (answer.status_code, list(answer.json())) == (401, ["message"])


class Keyless:
    """A client that sends no key."""

    def __init__(self, base: str, **environment: Any) -> None:
        from django.test import Client

        self.base, self.client = base, Client(raise_request_exception=False, **environment)

    def status(self) -> int:
        return self.client.get(f"{self.base}/c/banks").status_code


SECRET = "a-secret-of-24-characters"


def test_a_client_without_a_key_is_known_by_its_network_or_a_secret(settings: Any) -> None:
    keys.create(name="coop", scopes=["match", "curate"])
    assert Keyless("/hma", REMOTE_ADDR="10.1.0.7").status() == 401
    settings.MODERATION = {**settings.MODERATION, "HMA_CLIENTS": {"10.1.0.0/24": "coop", SECRET: "coop"}}

    assert Keyless("/hma", REMOTE_ADDR="10.1.0.7").status() == 200
    assert Keyless("/hma", REMOTE_ADDR="10.2.0.7").status() == 401
    assert Keyless("/hma", REMOTE_ADDR="10.1.0.7", HTTP_X_FORWARDED_FOR="1.2.3.4").status() == 401
    assert Keyless(f"/hma-{SECRET}", REMOTE_ADDR="10.2.0.7").status() == 200
    assert Keyless("/hma-another-secret-of-24-chars").status() == 401
    assert Keyless("/hma-10.1.0.0").status() == 401
    keys.revoke(key_id=keys.named("coop").pk)
    assert Keyless("/hma", REMOTE_ADDR="10.1.0.7").status() == 401


def test_a_scripted_coop(settings: Any) -> None:
    """Bases end in a slash, ratios are text, and no key is sent."""
    keys.create(name="coop", scopes=["match", "curate"])
    settings.MODERATION = {**settings.MODERATION, "HMA_CLIENTS": {SECRET: "coop"}}
    client = Keyless("").client
    base = f"/hma-{SECRET}//"

    def send(method: str, path: str, **options: Any) -> Any:
        return getattr(client, method)(base + path, **options)

    made = send(
        "post",
        "c/banks",
        data={"name": "COOP_ORG_1_SPAM", "enabled_ratio": "1.0"},
        content_type="application/json",
    )
    assert (made.status_code, made.json()["matching_enabled_ratio"]) == (201, 1.0)
    assert send("get", "c/bank/COOP_ORG_1_SPAM").status_code == 200
    assert send("get", "c/exchanges/apis").json() == []
    assert send("get", "c/exchange/COOP_ORG_1_SPAM").status_code == 404
    photo = SimpleUploadedFile("a.jpg", encode(scene(1)), "image/jpeg")
    number = send("post", "c/bank/COOP_ORG_1_SPAM/content", data={"photo": photo}).json()["id"]
    photo.seek(0)
    signal = send("post", "h/hash", data={"photo": photo}).json()["pdq"]
    found = send("get", "m/lookup", data={"signal": signal, "signal_type": "pdq"}).json()
    assert found == {"COOP_ORG_1_SPAM": [{"bank_content_id": number, "distance": "0"}]}
    # Without the scope that lowers its list stays, and Coop is told so.
    assert send("delete", "c/bank/COOP_ORG_1_SPAM").status_code == 403


def test_a_scripted_policyserv(hma: Caller) -> None:
    """It never looks at the status of a look-up: what it reads as bank names must not be an error's keys."""
    _bank(hma, "MATRIX", PDQ)
    caller = Caller("match")
    assert caller.get("/hma/status").content == b"I-AM-ALIVE"
    photo = encode(scene(7))

    hashes = caller.form("/hma/h/hash", photo, field="photo").json()

    assert list(hashes) == ["pdq"]
    for name, signal in hashes.items():
        assert caller.get("/hma/m/lookup", data={"signal": signal, "signal_type": name}).json() == {}
    (bank,) = caller.get("/hma/m/lookup", data={"signal": NEAR, "signal_type": "pdq"}).json()
    assert bank == "MATRIX"
    assert caller.form("/hma/h/hash", photo, field="video").status_code == 400


def test_an_animation_and_a_turned_picture_have_the_hash_of_the_stored_frame(hma: Caller) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    upright, turned = encode(scene(1)), io.BytesIO()
    scene(1).save(turned, "JPEG", quality=90, exif=exif)

    hashes = [hma.form("/hma/h/hash", data, field="photo").json() for data in (upright, turned.getvalue())]

    assert hashes[0] == hashes[1]
