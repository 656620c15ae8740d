"""Keys of the HTTP API, what they may ask, and requests that are sent twice."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from moderation.exceptions import (
    KeyRefused,
    KeyUnsuitable,
    RequestInProgress,
    RequestKeyReused,
    ScopeMissing,
    TooManyRequests,
    UnknownKey,
)
from moderation.models import ApiKey, IdempotentRequest
from moderation.services.access import idempotency, keys

pytestmark = pytest.mark.django_db


def _key(**options: object) -> ApiKey:
    return keys.create(**({"name": "shop", "scopes": ["screen"]} | options))  # type: ignore[arg-type]


def test_a_key_is_recognised_and_only_its_digest_is_kept() -> None:
    key = _key()

    assert keys.authenticate(key.token).pk == key.pk
    row = ApiKey.objects.values().get()
    assert key.token.split("_")[2] not in str(row)
    assert row["prefix"] in key.token


@pytest.mark.parametrize(
    "token", ["", "ib_", "Bearer x", "ib_" + "a" * 8 + "_" + "b" * 43, "\0", "ib_é", "a" * 10_000]
)
def test_what_is_no_key_is_refused(token: str) -> None:
    _key()

    with pytest.raises(KeyRefused):
        keys.authenticate(token)


def test_the_right_prefix_with_another_secret_is_refused() -> None:
    token = _key().token

    with pytest.raises(KeyRefused):
        keys.authenticate(token[:-1] + ("A" if token[-1] != "A" else "B"))


def test_a_withdrawn_key_is_refused_and_stays_withdrawn() -> None:
    key = _key()
    keys.revoke(key_id=key.pk, actor_id="7")
    first = ApiKey.objects.get().revoked_at

    assert keys.revoke(key_id=key.pk, actor_id="8").revoked_by == "7"
    assert ApiKey.objects.get().revoked_at == first
    with pytest.raises(KeyRefused):
        keys.authenticate(key.token)


def test_an_expired_key_is_refused() -> None:
    key = _key(expires_at=timezone.now() - timedelta(seconds=1))

    with pytest.raises(KeyRefused):
        keys.authenticate(key.token)


@pytest.mark.parametrize(
    "options",
    [
        {"name": ""},
        {"name": "x" * 101},
        {"scopes": []},
        {"scopes": ["everything"]},
        {"scopes": ["screen", "lower"]},
        {"tenant": "two words"},
        {"tenant": "a-b"},
        {"tenant": "x" * 21},
    ],
)
def test_unsuitable_keys_are_not_made(options: dict[str, object]) -> None:
    with pytest.raises(KeyUnsuitable):
        _key(**options)
    assert not ApiKey.objects.exists()


def test_nobody_alone_grants_the_scope_that_lowers() -> None:
    with pytest.raises(KeyUnsuitable, match="nobody allows alone"):
        _key(scopes=["lower"])


def test_a_name_is_taken_once() -> None:
    _key()
    with pytest.raises(KeyUnsuitable, match="already"):
        _key()


def test_a_key_that_is_not_there_cannot_be_withdrawn() -> None:
    with pytest.raises(UnknownKey):
        keys.revoke(key_id=1)
    with pytest.raises(UnknownKey):
        keys.named("shop")


def test_a_key_has_only_the_scopes_that_it_was_given() -> None:
    key = _key(scopes=["screen", "upload"])

    keys.demand(key, "screen", "upload")
    with pytest.raises(ScopeMissing, match="curate"):
        keys.demand(key, "screen", "curate")


def test_a_key_asks_so_often_in_a_minute_and_its_last_use_is_noted() -> None:
    key = _key(per_minute=3)

    for _ in range(3):
        keys.admit(keys.authenticate(key.token))

    with pytest.raises(TooManyRequests):
        keys.admit(key)
    assert ApiKey.objects.get().last_used_at is not None


def test_a_key_without_a_limit_has_none() -> None:
    key = _key(per_minute=0)
    for _ in range(50):
        keys.admit(key)


def _claim(key: ApiKey, digest: bytes = b"one") -> IdempotentRequest:
    return idempotency.claim(key=key, name="order-1", digest=digest)


def test_the_same_request_gets_the_same_answer() -> None:
    key = _key()
    row = _claim(key)
    assert row.status is None
    idempotency.answer(row, status=201, content={"id": 5})

    again = _claim(key)

    assert (again.status, again.answer) == (201, {"id": 5})


def test_another_request_with_the_same_name_is_refused() -> None:
    key = _key()
    idempotency.answer(_claim(key), status=201, content={})

    with pytest.raises(RequestKeyReused):
        _claim(key, b"two")


def test_two_at_once_are_one() -> None:
    key = _key()
    _claim(key)

    with pytest.raises(RequestInProgress):
        _claim(key)


def test_another_key_has_names_of_its_own() -> None:
    idempotency.answer(_claim(_key()), status=201, content={})

    assert _claim(_key(name="other"), b"two").status is None


def test_what_came_to_nothing_may_be_tried_again() -> None:
    key = _key()
    idempotency.abandon(_claim(key))

    assert _claim(key).status is None


def test_a_claim_whose_process_died_lapses() -> None:
    key = _key()
    row = _claim(key)
    IdempotentRequest.objects.filter(pk=row.pk).update(created_at=timezone.now() - timedelta(minutes=3))

    assert _claim(key).pk != row.pk


def test_old_answers_are_forgotten() -> None:
    key = _key()
    row = _claim(key)
    idempotency.answer(row, status=201, content={})
    assert idempotency.forget_old() == 0
    IdempotentRequest.objects.filter(pk=row.pk).update(created_at=timezone.now() - timedelta(days=2))

    assert idempotency.forget_old() == 1
