"""An entry that suddenly hits many people is suspended until a moderator looks."""

from __future__ import annotations

from typing import Any

import pytest

from moderation.models import BannedImage
from moderation.services.blocklists import blocklist
from moderation.services.operations import auto_suspend
from tests.entrypoints.desk import ban, screened
from tests.pictures import encode, scene

pytestmark = pytest.mark.django_db


@pytest.fixture
def much_hit(settings: Any) -> BannedImage:
    settings.MODERATION = {**settings.MODERATION, "VALVE_USERS": 3}
    banned = ban(4)
    for number in range(3):
        copy = screened(encode(scene(4), quality=40 + number), who=f"user{number}")
        assert copy.status == "rejected"
    return banned


def test_an_entry_that_hits_many_users_is_suspended(much_hit: BannedImage) -> None:
    assert auto_suspend.suspend_entries() == [much_hit.pk]
    assert screened(encode(scene(4), quality=60), who="late").status == "held"
    assert auto_suspend.suspend_entries() == []


def test_what_a_senior_moderator_has_lifted_stays_lifted(much_hit: BannedImage) -> None:
    auto_suspend.suspend_entries()
    blocklist.change_entry(banned_id=much_hit.pk, actor_id="7", suspended=False)
    assert auto_suspend.suspend_entries() == []


def test_one_user_who_tries_often_is_no_wave(settings: Any) -> None:
    settings.MODERATION = {**settings.MODERATION, "VALVE_USERS": 3}
    ban(4)
    for number in range(4):
        screened(encode(scene(4), quality=40 + number), who="ada")
    assert auto_suspend.suspend_entries() == []
