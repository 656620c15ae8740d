"""The row is the queue: attempts, leases, failures (I4, F3, F16), always pending or held, never approved."""

from __future__ import annotations

import time
from datetime import timedelta
from pathlib import Path
from unittest.mock import Mock

import pytest
from django.core.files.storage import storages
from django.db import transaction
from django.utils import timezone

from moderation.exceptions import (
    DecoderCrashed,
    DecoderTimeout,
    IndexUnavailable,
    SandboxBusy,
    SandboxUnavailable,
    Undecodable,
)
from moderation.models import Screening, Upload, UploadAllowance
from moderation.services import decoder
from moderation.services.operations import sweeping
from moderation.services.operations.sweeping import sweep
from moderation.services.search.index import banned_codes
from moderation.services.uploads import queue, rate_limit, screening
from tests import pictures
from tests.services.people import kept_files, member, send

pytestmark = pytest.mark.django_db(transaction=True)

DATA = pictures.encode(pictures.scene(4))


@pytest.fixture
def pending(monkeypatch: pytest.MonkeyPatch) -> Upload:
    """Return an upload that nobody was woken up for."""
    with monkeypatch.context() as patch:
        patch.setattr("moderation.dispatch.inline.InlineDispatcher.screen", lambda *_: None)
        upload = send(DATA, who=member())
    assert upload.status == "pending"
    return upload


def _failing(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    sandbox = Mock(analyse=Mock(side_effect=error))
    monkeypatch.setattr(screening, "decoder", lambda: sandbox)


def test_the_sweep_finds_what_was_forgotten(pending: Upload) -> None:
    assert sweep(older_than=timedelta(hours=1)).found == 0

    swept = sweep(older_than=timedelta(0))

    pending.refresh_from_db()
    assert (swept.found, swept.redispatched, pending.status) == (1, 1, "approved")


def test_a_lease_keeps_others_away(pending: Upload) -> None:
    mine = queue.lease(pending.pk)

    assert mine is not None
    assert mine.attempts == 1
    assert screening.screen(upload_id=pending.pk) is None
    assert sweep(older_than=timedelta(0)).found == 0


def test_a_lease_that_ran_out_is_taken_over(pending: Upload) -> None:
    first = queue.lease(pending.pk)
    assert first is not None
    Upload.objects.filter(pk=pending.pk).update(lease_until=timezone.now() - timedelta(seconds=1))

    assert screening.screen(upload_id=pending.pk) == "approved"

    with transaction.atomic():
        assert queue.still_leased(first) is None
    assert Screening.objects.count() == 1


@pytest.mark.parametrize("error", [DecoderCrashed(), DecoderTimeout()])
def test_a_picture_that_kills_the_decoder_is_held_after_three_attempts(
    pending: Upload, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    _failing(monkeypatch, error)

    assert [screening.screen(upload_id=pending.pk) for _ in range(4)] == ["pending", "pending", "held", None]

    pending.refresh_from_db()
    assert (pending.attempts, pending.reason, pending.published) == (3, error.code, "")  # type: ignore[attr-defined]
    assert storages["moderation_quarantine"].exists(pending.original)


def test_a_worker_that_dies_each_time_leaves_its_count(pending: Upload) -> None:
    for _ in range(3):
        assert queue.lease(pending.pk) is not None
        Upload.objects.filter(pk=pending.pk).update(lease_until=timezone.now() - timedelta(seconds=1))

    assert screening.screen(upload_id=pending.pk) == "held"


@pytest.mark.parametrize("error", [SandboxUnavailable(), IndexUnavailable()])
def test_a_fault_of_ours_is_not_counted_against_the_picture(
    pending: Upload, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail(*_: object) -> None:
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(screening, "decoder", fail)
        assert screening.screen(upload_id=pending.pk) == "pending"

    pending.refresh_from_db()
    assert (pending.attempts, pending.lease) == (0, None)
    assert screening.screen(upload_id=pending.pk) == "approved"


def test_without_an_index_nothing_is_approved(pending: Upload, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(banned_codes, "catch_up", Mock(side_effect=IndexUnavailable))

    assert screening.screen(upload_id=pending.pk) == "pending"

    assert not Screening.objects.exists()
    assert kept_files("moderation_quarantine") == [pending.original]


@pytest.mark.parametrize(("damage", "reason"), [("missing", "file_missing"), ("truncated", "file_damaged")])
def test_a_quarantined_file_that_is_not_whole_is_held(pending: Upload, damage: str, reason: str) -> None:
    path = storages["moderation_quarantine"].path(pending.original)
    if damage == "missing":
        storages["moderation_quarantine"].delete(pending.original)
    else:
        Path(path).write_bytes(DATA[:500])

    assert screening.screen(upload_id=pending.pk) == "held"

    pending.refresh_from_db()
    assert (pending.reason, pending.published) == (reason, "")


def test_what_does_not_decode_completely_is_refused_and_deleted() -> None:
    upload = send(DATA[: len(DATA) // 2], who=member())

    assert (upload.status, upload.reason) == ("refused", "undecodable")
    assert (upload.original, upload.reencoded, upload.published) == ("", "", "")
    assert Screening.objects.get().verdict == "refused"
    assert kept_files("moderation_quarantine") == []


def test_refused_in_screening_never_reaches_moderators(
    pending: Upload, monkeypatch: pytest.MonkeyPatch
) -> None:
    _failing(monkeypatch, Undecodable())

    assert screening.screen(upload_id=pending.pk) == "refused"


def test_turns_are_taken_by_one_at_a_time() -> None:
    assert sweeping.take_turn("sweep", pause=timedelta(seconds=60))
    assert not sweeping.take_turn("sweep", pause=timedelta(seconds=60))
    assert sweeping.take_turn("other", pause=timedelta(seconds=60))


def test_one_decoder_serves_all_threads() -> None:
    assert decoder.decoder() is decoder.decoder()


def _waiting(monkeypatch: pytest.MonkeyPatch, *names: str) -> list[Upload]:
    with monkeypatch.context() as patch:
        patch.setattr("moderation.dispatch.inline.InlineDispatcher.screen", lambda *_: None)
        return [send(DATA, who=member(name)) for name in names]


def _order() -> list[int]:
    order = []
    while (upload := queue.lease_next()) is not None:
        order.append(upload.pk)
    return order


def test_the_next_is_the_oldest(monkeypatch: pytest.MonkeyPatch) -> None:
    uploads = _waiting(monkeypatch, "ann", "ben", "ann")

    assert _order() == [upload.pk for upload in uploads]
    assert queue.lease_next() is None


def test_who_has_used_up_a_share_of_the_decoder_comes_after_everybody_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ann, again, ben = _waiting(monkeypatch, "ann", "ann", "ben")

    rate_limit.charge(owner_type=ann.owner_type, owner_id=ann.owner_id, seconds=queue.SHARE.total_seconds())

    assert _order() == [ben.pk, ann.pk, again.pk]


def test_a_share_is_one_of_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    ann, ben = _waiting(monkeypatch, "ann", "ben")
    rate_limit.charge(owner_type=ann.owner_type, owner_id=ann.owner_id, seconds=60)
    UploadAllowance.objects.update(window_until=timezone.now() - timedelta(seconds=1))

    assert _order() == [ann.pk, ben.pk]


def test_a_charge_begins_a_minute_where_none_runs() -> None:
    ann = send(DATA, who=member("ann"))
    UploadAllowance.objects.all().delete()

    for seconds in (0.5, 0.7, rate_limit.FREE_SECONDS / 2):
        rate_limit.charge(owner_type=ann.owner_type, owner_id=ann.owner_id, seconds=seconds)
    rate_limit.charge(owner_type="", owner_id="", seconds=9)

    assert [row.decoder_ms for row in UploadAllowance.objects.all()] == [1200]


def test_a_retry_comes_after_first_attempts(monkeypatch: pytest.MonkeyPatch) -> None:
    ann, ben = _waiting(monkeypatch, "ann", "ben")
    with monkeypatch.context() as patch:
        _failing(patch, DecoderTimeout())
        assert screening.screen_next() == (ann.pk, "pending")

    assert _order() == [ben.pk, ann.pk]


def test_decoding_is_charged_and_waiting_for_a_decoder_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rate_limit, "FREE_SECONDS", 0.0)
    (ann,) = _waiting(monkeypatch, "ann")
    with monkeypatch.context() as patch:
        sandbox = Mock(analyse=Mock(side_effect=_wait_in_vain))
        patch.setattr(screening, "decoder", lambda: sandbox)
        assert screening.screen(upload_id=ann.pk) == "pending"
    assert UploadAllowance.objects.get().decoder_ms < 50

    UploadAllowance.objects.update(decoder_ms=0)
    assert screening.screen_next() == (ann.pk, "approved")
    assert UploadAllowance.objects.get().decoder_ms > 0


def _wait_in_vain(*_: object) -> None:
    time.sleep(0.1)
    raise SandboxBusy
