"""Rows are locked in one order: what settles at the same time waits, and meets no deadlock."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from django.db import connection, transaction

from moderation import api
from moderation.models import (
    Decision,
    Upload,
)
from moderation.services.desk import overturn, review, undo
from moderation.services.uploads import intake, outcome, screening
from moderation.services.uploads.intake import Submitter, Target
from tests import pictures
from tests.services.concurrency import Elsewhere
from tests.services.people import kept_files, member, send
from tests.waiting import eventually

pytestmark = pytest.mark.django_db(transaction=True)


def test_two_uploads_for_one_column_settle_one_after_the_other() -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has one writer at a time")
    ada = member()
    uploads = [
        intake.submit(
            data=pictures.encode(pictures.scene(seed)),
            submitter=Submitter.of(ada.user),
            target=Target.of(ada, "avatar"),
            wake=False,
        )
        for seed in (2, 3)
    ]

    for call in [Elsewhere(partial(screening.screen_leased, upload)) for upload in uploads]:
        call.result()

    ada.refresh_from_db()
    newer = Upload.objects.get(pk=uploads[1].pk)
    assert ada.avatar.name == newer.published
    assert kept_files("moderation_public") == [newer.published]


def test_a_host_that_clears_in_its_own_transaction_meets_no_deadlock() -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has one writer at a time")
    ada = member()
    upload = intake.submit(
        data=pictures.encode(pictures.scene(2)),
        submitter=Submitter.of(ada.user),
        target=Target.of(ada, "avatar"),
        wake=False,
    )

    def clear() -> None:
        with transaction.atomic():
            type(ada).objects.filter(pk=ada.pk).update(display_name="Ada")
            api.withdraw(ada, "avatar")

    calls: list[Elsewhere[Any]] = [
        Elsewhere(lambda: screening.screen_leased(upload)),
        Elsewhere(clear),
    ]

    for call in calls:
        call.result()


def _to_undo(upload: Upload) -> Callable[[], object]:
    review.reject(upload_id=upload.pk, actor_id="8")
    review.approve(upload_id=upload.pk, actor_id="7")
    decision = Decision.objects.latest("pk")
    return lambda: undo.undo(decision_id=decision.pk, actor_id="7")


def _to_overturn(upload: Upload) -> Callable[[], object]:
    banned = api.ban(pictures.encode(pictures.scene(1))).banned
    plan = overturn.default_plan(banned_id=banned.pk)
    assert plan.restore == [upload.pk]
    return lambda: overturn.overturn(banned_id=banned.pk, actor_id="", plan=plan)


@pytest.mark.parametrize("prepared", [_to_undo, _to_overturn])
def test_nor_does_one_that_clears_while_a_moderator_decides(
    prepared: Callable[[Upload], Callable[[], object]], monkeypatch: pytest.MonkeyPatch
) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has one writer at a time")
    ada = member()
    decide = prepared(send(pictures.encode(pictures.scene(1)), who=ada))
    settle: Callable[..., None] = outcome.settle
    clearing: list[Elsewhere[None]] = []

    def clear() -> None:
        with transaction.atomic():
            type(ada).objects.filter(pk=ada.pk).update(display_name="Ada")
            api.withdraw(ada, "avatar")

    def somebody_waits() -> bool:
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
            return bool(cursor.fetchone()[0])

    def meanwhile(*args: Any, **kwargs: Any) -> None:
        clearing.append(Elsewhere(clear))
        eventually(somebody_waits)
        settle(*args, **kwargs)

    monkeypatch.setattr(outcome, "settle", meanwhile)
    decide()

    clearing[0].result()
    ada.refresh_from_db()
    assert (ada.avatar.name, ada.display_name) == ("", "Ada")
