"""``/v1/uploads``: submitted, followed, withdrawn, objected to."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from moderation import api
from moderation.models import Appeal, Refusal, Upload
from moderation.services.desk import review
from moderation.services.uploads import data_rights
from tests.entrypoints.desk import colleague, holding_list
from tests.http.servers import Caller
from tests.pictures import encode, scene
from tests.services.concurrency import Elsewhere
from tests.services.people import kept_files

pytestmark = pytest.mark.django_db(transaction=True)
UPLOADS = "/v1/uploads"


def _send(caller: Caller, seed: int = 1, **headers: str) -> dict[str, Any]:
    answer = caller.raw(UPLOADS, encode(scene(seed), quality=60), **headers)
    assert answer.status_code == 201, answer.content
    found: dict[str, Any] = answer.json()
    return found


def test_an_innocent_picture_is_published() -> None:
    caller = Caller("upload")

    answer = caller.raw(UPLOADS, encode(scene(1)))

    sent = answer.json()
    assert (answer.status_code, sent["status"], sent["verdict"]) == (201, "approved", "allow")
    assert answer["Location"] == f"/v1/uploads/{sent['reference']}"
    file = caller.get(f"{UPLOADS}/{sent['reference']}/file")
    assert (file.status_code, file["Content-Type"]) == (200, "image/jpeg")
    assert b"".join(file.streaming_content)[:2] == b"\xff\xd8"
    assert sent["url"]


def test_a_copy_is_rejected_with_the_policy_and_without_a_trace_of_the_match() -> None:
    api.ban(encode(scene(1)))
    caller = Caller("upload")

    sent = _send(caller)

    assert (sent["status"], sent["verdict"], sent["url"]) == ("rejected", "block", None)
    assert sent["message"] == "This picture is not allowed here."
    assert sent["may_appeal"] is True
    assert not {"distance", "hash", "matches", "reason"} & set(sent)
    assert caller.get(f"{UPLOADS}/{sent['reference']}/file").status_code == 404


def test_what_waits_for_its_verdict_is_a_202(settings: Any) -> None:
    settings.MODERATION = {**settings.MODERATION, "DISPATCHER": "moderation.testing.PausedDispatcher"}

    answer = Caller("upload").raw(UPLOADS, encode(scene(1)))

    assert (answer.status_code, answer.json()["verdict"], answer.json()["url"]) == (202, None, None)


def test_a_file_that_is_refused_leaves_its_refusal_alone() -> None:
    answer = Caller("upload").raw(UPLOADS, b"no picture")

    assert (answer.status_code, answer.json()["code"]) == (415, "not_an_image")
    assert Refusal.objects.count() == 1
    assert not Upload.objects.exists()
    assert kept_files("moderation_quarantine") == []


def test_an_unchanged_upload_is_a_304() -> None:
    caller = Caller("upload")
    url = f"{UPLOADS}/{_send(caller)['reference']}"
    tag = caller.get(url)["ETag"]

    assert caller.get(url, headers={"If-None-Match": tag}).status_code == 304
    caller.delete(url)
    changed = caller.get(url, headers={"If-None-Match": tag})

    assert (changed.status_code, changed.json()["withdrawn"]) == (200, True)


def test_a_withdrawn_upload_has_no_file_any_more() -> None:
    caller = Caller("upload")
    url = f"{UPLOADS}/{_send(caller)['reference']}"

    assert [caller.delete(url).status_code for _ in range(2)] == [204, 204]

    assert caller.get(url).json()["url"] is None
    assert caller.get(f"{url}/file").status_code == 404


def test_a_rejection_is_objected_to_once() -> None:
    api.ban(encode(scene(1)))
    caller = Caller("upload")
    url = f"{UPLOADS}/{_send(caller)['reference']}/appeal"

    answer = caller.json(url, {"text": " It is my dog. "})

    assert (answer.status_code, answer.json()["appeal"]) == (201, "open")
    assert Appeal.objects.get().text == "It is my dog."
    again = caller.json(url, {"text": "Please."})
    assert (again.status_code, again.json()["code"]) == (409, "appeal_refused")


def test_a_granted_appeal_is_seen_and_published() -> None:
    api.ban(encode(scene(1)))
    caller = Caller("upload")
    url = f"{UPLOADS}/{_send(caller)['reference']}"
    caller.json(f"{url}/appeal", {"text": "It is my dog."})

    review.answer_appeal(appeal_id=Appeal.objects.get().pk, actor_id=str(colleague("senior").pk), grant=True)

    shown = caller.get(url).json()
    assert (shown["status"], shown["appeal"]) == ("approved", "granted")


@pytest.mark.parametrize(
    "content",
    [
        {},
        {"text": ""},
        {"text": "  "},
        {"text": 5},
        {"text": "a\0b"},
        {"text": "x" * 1001},
        [],
        '"no"',
        {"text": "a", "b": 1},
    ],
)
def test_an_appeal_is_a_sentence(content: Any) -> None:
    api.ban(encode(scene(1)))
    caller = Caller("upload")

    answer = caller.json(f"{UPLOADS}/{_send(caller)['reference']}/appeal", content)

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    assert not Appeal.objects.exists()


def test_what_is_no_json_is_no_appeal() -> None:
    answer = Caller("upload").raw(f"{UPLOADS}/ABCD-EFGH/appeal", b"{", "application/json")

    assert answer.status_code == 400


@pytest.mark.parametrize("path", ["", "/file", "/appeal"])
def test_another_tenant_s_upload_is_as_unknown_as_none(path: str) -> None:
    acme, other = Caller("upload", tenant="acme"), Caller("upload", tenant="other")
    mine = _send(acme)["reference"]

    def ask(caller: Caller, reference: str) -> tuple[int, bytes]:
        url = f"{UPLOADS}/{reference}{path}"
        answer = caller.json(url, {"text": "Mine!"}) if path == "/appeal" else caller.get(url)
        return answer.status_code, answer.content

    assert ask(other, mine) == ask(other, "ABCD-EFGH")
    assert ask(other, mine)[0] == 404
    assert other.delete(f"{UPLOADS}/{mine}").status_code == 404
    assert ask(Caller("upload"), mine)[0] == 404
    assert Upload.objects.get().withdrawn_at is None


def test_two_keys_of_a_tenant_share_its_uploads() -> None:
    reference = _send(Caller("upload", tenant="acme"))["reference"]

    assert Caller("upload", tenant="acme").get(f"{UPLOADS}/{reference}").status_code == 200


@pytest.mark.parametrize(
    "reference", ["x", "ABCD-EFG", "abcd-efgh", "%00", "A" * 500, "../bans", "ABCD-EFGH"]
)
def test_what_is_no_reference_is_a_404(reference: str) -> None:
    assert Caller("upload").get(f"{UPLOADS}/{reference}").status_code == 404


def test_the_same_request_twice_is_one_upload() -> None:
    caller = Caller("upload")

    first, second = (_send(caller, 1, **{"Idempotency-Key": "picture-1"}) for _ in range(2))

    assert first == second
    assert Upload.objects.count() == 1


def test_another_picture_under_the_same_key_is_refused() -> None:
    caller = Caller("upload")
    _send(caller, 1, **{"Idempotency-Key": "picture-1"})

    answer = caller.raw(UPLOADS, encode(scene(2)), **{"Idempotency-Key": "picture-1"})

    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")
    assert Upload.objects.count() == 1


def test_a_request_that_failed_may_be_sent_again() -> None:
    caller = Caller("upload")
    assert caller.raw(UPLOADS, b"", **{"Idempotency-Key": "one"}).status_code == 422

    assert caller.raw(UPLOADS, b"", **{"Idempotency-Key": "one"}).status_code == 422
    assert caller.raw(UPLOADS, encode(scene(1)), **{"Idempotency-Key": "one"}).status_code == 201


@pytest.mark.parametrize("name", ["x" * 256, "é"])
def test_an_idempotency_key_is_short_and_plain(name: str) -> None:
    answer = Caller("upload").raw(UPLOADS, encode(scene(1)), **{"Idempotency-Key": name})

    assert answer.status_code == 422
    assert not Upload.objects.exists()


def test_the_limits_of_an_uploader_are_theirs(settings: Any) -> None:
    settings.MODERATION = {**settings.MODERATION, "UPLOADS_PER_MINUTE": 1}
    caller = Caller("upload")
    data = encode(scene(1))

    answers = [caller.raw(f"{UPLOADS}?owner={owner}", data).status_code for owner in ("ada", "ada", "bob")]

    assert answers == [201, 429, 201]


@pytest.mark.parametrize("owner", ["a%00b", "x" * 65])
def test_an_owner_is_a_short_text(owner: str) -> None:
    assert Caller("upload").raw(f"{UPLOADS}?owner={owner}", encode(scene(1))).status_code == 422


def test_an_owner_s_data_are_found_and_erased() -> None:
    caller = Caller("upload", tenant="acme")
    reference = caller.raw(f"{UPLOADS}?owner=ada", encode(scene(1))).json()["reference"]

    data_rights.erase(owner_type="http-api.acme", owner_id="ada")

    shown = caller.get(f"{UPLOADS}/{reference}").json()
    assert (shown["withdrawn"], shown["url"]) == (True, None)


def test_a_held_upload_says_so() -> None:
    holding_list()
    api.ban(encode(scene(1)), blocklist="hold")

    sent = _send(Caller("upload"))

    assert (sent["status"], sent["verdict"], sent["may_appeal"]) == ("held", "hold", False)


def test_two_hundred_posts_at_once_are_all_answered(settings: Any) -> None:
    settings.MODERATION = {**settings.MODERATION, "LOCAL": False}
    caller = Caller("upload")
    data = [encode(scene(seed, (160, 120))) for seed in range(8)]

    def some(start: int) -> list[int]:
        return [caller.raw(UPLOADS, data[(start + n) % 8]).status_code for n in range(25)]

    threads = [Elsewhere(partial(some, start)) for start in range(8)]
    statuses = [status for thread in threads for status in thread.result(deadline=120)]

    assert set(statuses) <= {201, 202, 503}
    assert Upload.objects.count() == sum(status != 503 for status in statuses)
    assert Upload.objects.filter(status="approved").count() == statuses.count(201)
