"""A statement takes 65,535 parameters on PostgreSQL, where the server binds them; what there is may be more."""

from __future__ import annotations

import pytest

from moderation import api, selectors
from moderation.conf import get_settings
from moderation.models import PersonalData, Upload
from moderation.services.blocklists import reach
from moderation.services.decoder import decoder
from moderation.services.history import erasure
from moderation.services.search.earlier import earlier_uploads
from tests import pictures
from tests.services.people import member, send

pytestmark = pytest.mark.django_db(transaction=True)

MORE = 65_536


@pytest.mark.slow
def test_the_personal_data_of_many_people_is_erased_together() -> None:
    rows = (PersonalData(owner_type="auth.user", owner_id="1", salt=b"salt") for _ in range(MORE))
    PersonalData.objects.bulk_create(rows, batch_size=5_000)

    assert erasure.erase(PersonalData.objects.filter(owner_id="1")) == MORE
    assert not PersonalData.objects.filter(erased_at__isnull=True).exists()


def test_policy_is_asked_about_any_number_of_entries() -> None:
    banned = api.ban(pictures.encode(pictures.scene(1))).banned

    assert set(selectors.policy_entries(range(1, banned.pk + MORE), entries=1)) == {banned.pk}


def test_a_ban_that_would_reach_most_of_a_large_site_can_be_looked_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    upload = send(pictures.encode(pictures.scene(1)), who=member())
    found = {number: {"dhash256/1": 0} for number in range(upload.pk, upload.pk + MORE)}
    monkeypatch.setattr(earlier_uploads, "within", lambda _codes, _radii: found)
    analysis = decoder().analyse(pictures.encode(pictures.scene(1)), get_settings().analysis())

    shown = reach.reach_of(analysis, blocklist=selectors.blocklist_named("default"))

    assert (shown.block, shown.users) == (1, 1)
    assert Upload.objects.count() == 1
