"""``/v1/bans`` and ``/v1/decisions``."""

from __future__ import annotations

from typing import Any

import pytest

from moderation import api
from moderation.models import BanDraft, BannedImage, Blocklist, BlocklistChange, Decision, Rescan, Upload
from tests.http.servers import Caller, own_list
from tests.pictures import encode, flat, scene

pytestmark = pytest.mark.django_db(transaction=True)
BANS = "/v1/bans"
HASH = {"algorithm": "phash256", "hash": "0123456789abcdef" * 4}


def test_a_ban_is_in_the_audit_and_reaches_back() -> None:
    caller = Caller("upload", "curate")
    sent = caller.raw("/v1/uploads", encode(scene(1))).json()

    answer = caller.raw(f"{BANS}?reason=spam&label=Ad&note=seen+twice", encode(scene(1), quality=50))

    made = answer.json()
    assert (answer.status_code, made["created"], made["blocklist"]) == (201, True, "default")
    change = BlocklistChange.objects.get(kind="ban")
    assert (change.actor_id, change.banned_id, change.revision) == (
        caller.key.actor_id,
        made["id"],
        made["revision"],
    )
    assert Rescan.objects.exists()
    assert Upload.objects.get(reference=sent["reference"]).status == "rejected"


def test_a_ban_that_would_hit_many_uploads_waits_for_a_person(settings: Any) -> None:
    settings.MODERATION = {**settings.MODERATION, "CONFIRM_REACH": 1}
    caller = Caller("upload", "curate")
    for quality in (70, 80):
        caller.raw("/v1/uploads", encode(scene(1), quality=quality))

    answer = caller.raw(BANS, encode(scene(1), quality=50))

    assert (answer.status_code, answer.json()["waiting"], answer.json()["id"]) == (202, True, None)
    assert not BannedImage.objects.exists()
    assert BanDraft.objects.get().status == "waiting"


def test_a_picture_that_is_there_already_is_a_200() -> None:
    caller = Caller("curate")
    first, second = (caller.raw(BANS, encode(scene(1))) for _ in range(2))

    assert (second.status_code, second.json()["created"], second.json()["id"]) == (
        200,
        False,
        first.json()["id"],
    )


def test_a_hash_is_banned_without_a_picture() -> None:
    answer = Caller("curate").json(BANS, HASH)

    assert answer.status_code == 201
    assert BannedImage.objects.get().source == "hash:phash256/1"


@pytest.mark.parametrize(
    "wrong",
    [
        {"algorithm": "md4"},
        {"hash": "xyz"},
        {"hash": "00"},
        {"hash": "0" * 64},
        {"hash": None},
        {"hash": "a\0"},
        {"more": 1},
    ],
)
def test_a_hash_that_is_none_is_a_422(wrong: dict[str, Any]) -> None:
    assert Caller("curate").json(BANS, HASH | wrong).status_code == 422
    assert not BannedImage.objects.exists()


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"\xff", b"[" * 60_000])
def test_json_that_is_none_is_a_422(body: bytes) -> None:
    assert Caller("curate").raw(BANS, body, "application/json").status_code == 422


def test_json_that_is_too_long_is_a_413() -> None:
    assert Caller("curate").raw(BANS, b" " * 70_000, "application/json").status_code == 413


@pytest.mark.parametrize(
    "query",
    [
        "reason=" + "x" * 201,
        "reason=%00",
        "exact_only=perhaps",
        "expires_at=2001-01-01T00:00:00Z",
        "expires_at=2090-01-01T00:00:00",
        "expires_at=soon",
        "blocklist=%00",
    ],
)
def test_wrong_options_are_a_422(query: str) -> None:
    answer = Caller("curate").raw(f"{BANS}?{query}", encode(scene(1)))

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    assert answer.json()["errors"]
    assert not BannedImage.objects.exists()


def test_a_flat_picture_is_banned_as_an_exact_copy_only() -> None:
    caller = Caller("curate")

    refused = caller.raw(BANS, encode(flat(), "PNG"))
    assert (refused.status_code, refused.json()["code"]) == (422, "flat")
    assert caller.raw(f"{BANS}?exact_only=true", encode(flat(), "PNG")).status_code == 201


def test_a_list_that_is_not_there_is_a_404_that_names_no_other() -> None:
    own_list("acme", "acme-secret")

    answer = Caller("curate").raw(f"{BANS}?blocklist=nothing", encode(scene(1)))

    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_blocklist")
    assert b"acme-secret" not in answer.content


def test_a_tenant_changes_its_own_lists_alone() -> None:
    own_list("acme")
    acme, other = Caller("curate", tenant="acme"), Caller("curate", tenant="other")

    assert acme.raw(f"{BANS}?blocklist=acme-own", encode(scene(1))).status_code == 201
    for blocklist in ("default", "acme-own"):
        assert other.raw(f"{BANS}?blocklist={blocklist}", encode(scene(2))).status_code == 404
    assert other.get(BANS).json() == {"items": [], "next": None}
    assert other.get(f"{BANS}?blocklist=acme-own").status_code == 404
    assert [entry["blocklist"] for entry in acme.get(BANS).json()["items"]] == ["acme-own"]


def test_withdrawing_a_ban_wants_the_scope_that_two_people_grant() -> None:
    number = api.ban(encode(scene(1))).banned.pk

    assert Caller("curate").delete(f"{BANS}/{number}").status_code == 403
    assert BannedImage.objects.get().active
    assert [Caller("curate", lower=True).delete(f"{BANS}/{number}").status_code for _ in range(2)] == [
        204,
        204,
    ]
    assert not BannedImage.objects.get().active
    assert Decision.objects.get(kind="retire").actor_id.startswith("key:")


def test_another_tenant_s_ban_is_not_there() -> None:
    number = api.ban(encode(scene(1))).banned.pk

    assert Caller("curate", tenant="other", lower=True).delete(f"{BANS}/{number}").status_code == 404
    assert BannedImage.objects.get().active


@pytest.mark.parametrize("number", ["0", "-1", "x", str(2**63), "9" * 40, "1.5", "99"])
def test_what_is_no_ban_is_said_so(number: str) -> None:
    assert Caller("curate", lower=True).delete(f"{BANS}/{number}").status_code in (404, 422)


def test_allowing_a_picture_lowers_the_shield() -> None:
    assert Caller("curate").raw(f"{BANS}?blocklist=allowlist", encode(scene(1))).status_code == 403
    assert (
        Caller("curate", lower=True).raw(f"{BANS}?blocklist=allowlist", encode(scene(1))).status_code == 201
    )
    assert BannedImage.objects.get().blocklist == Blocklist.objects.get(slug="allowlist")


def test_pages_show_every_ban_once_while_others_are_made() -> None:
    caller = Caller("curate")
    for seed in range(5):
        api.ban(encode(scene(seed)))
    seen: list[int] = []
    cursor = ""
    while True:
        page = caller.get(f"{BANS}?limit=2&cursor={cursor}").json()
        seen += [entry["id"] for entry in page["items"]]
        api.ban(encode(scene(100 + len(seen))))
        if page["next"] is None:
            break
        cursor = page["next"]

    assert seen == sorted(seen, reverse=True)
    assert len(seen) == len(set(seen)) == 5


@pytest.mark.parametrize("cursor", ["x", "MA", "LTE", "OTk5OTk5OTk5OTk5OTk5OTk5OTk5", "AAAA"])
def test_a_cursor_of_nobody_s_is_a_400(cursor: str) -> None:
    answer = Caller("curate").get(f"{BANS}?cursor={cursor}")

    assert (answer.status_code, answer.json()["code"]) == (400, "bad_cursor")


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "limit=x", "cursor=%00", "cursor=" + "A" * 41])
def test_a_page_has_bounds(query: str) -> None:
    assert Caller("curate").get(f"{BANS}?{query}").status_code == 422


def test_decisions_of_a_tenant_are_its_own() -> None:
    own_list("acme")
    acme = Caller("curate", tenant="acme")
    acme.raw(f"{BANS}?blocklist=acme-own", encode(scene(1)))
    api.ban(encode(scene(2)))

    (mine,) = acme.get("/v1/decisions").json()["items"]
    (sites,) = Caller("curate").get("/v1/decisions").json()["items"]

    assert (mine["kind"], mine["by"], mine["upload"]) == ("ban", "key", None)
    assert mine["ban"] != sites["ban"]
    assert sites["by"] == "machine"
    assert Caller("curate", tenant="other").get("/v1/decisions").json()["items"] == []


def test_an_idempotent_ban_is_made_once() -> None:
    caller = Caller("curate")

    answers = [caller.json(BANS, HASH, **{"Idempotency-Key": "1"}) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [201, 201]
    assert "Idempotency-Replayed" in answers[1]
    assert Decision.objects.count() == 1
