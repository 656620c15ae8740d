"""How much one uploader may send: per minute, and waiting at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connections
from django.utils import timezone

from moderation.exceptions import NotAnImage, TooManyUploads
from moderation.models import Refusal, Upload, UploadAllowance
from moderation.services.uploads import intake, rate_limit, screening
from moderation.services.uploads.intake import Submitter, Target
from tests import pictures
from tests.services.people import member, send

pytestmark = pytest.mark.django_db(transaction=True)

DATA = pictures.encode(pictures.scene(4, (96, 72)))


@pytest.fixture
def set_limits(settings: Any) -> Any:
    def choose(**values: int) -> None:
        settings.MODERATION = {
            **settings.MODERATION,
            **{name.upper(): value for name, value in values.items()},
        }

    return choose


@pytest.fixture
def nobody_works(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave uploads pending."""
    monkeypatch.setattr("moderation.dispatch.inline.InlineDispatcher.screen", lambda *_: None)


def test_more_than_the_minutes_share_is_refused_before_anything_is_stored(set_limits: Any) -> None:
    set_limits(uploads_per_minute=3)
    for _ in range(3):
        send(DATA, who=member())

    with pytest.raises(TooManyUploads):
        send(DATA, who=member())

    assert Upload.objects.count() == 3
    assert not Refusal.objects.exists()


def test_refusals_at_the_door_count(set_limits: Any) -> None:
    set_limits(uploads_per_minute=2)
    for _ in range(2):
        with pytest.raises(NotAnImage):
            send(b"no picture", who=member())

    with pytest.raises(TooManyUploads):
        send(DATA, who=member())


def test_one_uploader_does_not_use_up_anothers_share(set_limits: Any) -> None:
    set_limits(uploads_per_minute=1)

    send(DATA, who=member("ada"))

    assert send(DATA, who=member("bob")).status == "approved"


def test_a_new_minute_brings_a_new_share(set_limits: Any) -> None:
    set_limits(uploads_per_minute=1)
    send(DATA, who=member())
    UploadAllowance.objects.update(window_until=timezone.now() - timedelta(seconds=1))

    send(DATA, who=member())

    assert UploadAllowance.objects.get().taken == 1


def test_zero_is_no_limit(set_limits: Any) -> None:
    set_limits(uploads_per_minute=0, pending_at_once=0)

    for _ in range(25):
        rate_limit.admit(owner_type="auth.user", owner_id="1")

    assert not UploadAllowance.objects.exists()


def test_the_hosts_own_code_has_no_limit(set_limits: Any) -> None:
    set_limits(uploads_per_minute=1)

    for _ in range(3):
        rate_limit.admit(owner_type="", owner_id="")


def test_only_so_many_wait_at_once(set_limits: Any, nobody_works: None) -> None:
    set_limits(pending_at_once=2)
    first = send(DATA, who=member())
    send(DATA, who=member())

    with pytest.raises(TooManyUploads, match="still being checked"):
        send(DATA, who=member())

    screening.screen(upload_id=first.pk)
    assert send(DATA, who=member()).status == "pending"


def _at_once(count: int, call: Any) -> list[bool]:
    def attempt(_number: int) -> bool:
        try:
            call()
        except TooManyUploads:
            return False
        finally:
            connections.close_all()
        return True

    with ThreadPoolExecutor(count) as threads:
        return list(threads.map(attempt, range(count)))


def test_eight_at_the_same_moment_share_one_allowance(set_limits: Any) -> None:
    set_limits(uploads_per_minute=5)

    taken = _at_once(8, lambda: rate_limit.admit(owner_type="auth.user", owner_id="1"))

    assert sum(taken) == 5


def test_eight_at_the_same_moment_do_not_wait_together(set_limits: Any, nobody_works: None) -> None:
    set_limits(uploads_per_minute=100, pending_at_once=3)
    submitter = Submitter.of(member().user)

    taken = _at_once(8, lambda: intake.submit(data=DATA, submitter=submitter, target=Target()))

    assert (sum(taken), Upload.objects.count()) == (3, 3)


def test_counts_of_those_who_left_are_forgotten() -> None:
    past = timezone.now() - timedelta(hours=2)
    UploadAllowance.objects.create(owner_type="auth.user", owner_id="1", window_until=past)

    assert rate_limit.forget_idle() == 1
