"""A statement takes 65,535 parameters on PostgreSQL, where the server binds them; what there is may be more."""

from __future__ import annotations

import time

import pytest

from moderation import api, selectors
from moderation.conf import get_settings
from moderation.domain.policy import Entry, Hit, Judgement, judge
from moderation.models import Match, PersonalData, Screening, Upload
from moderation.services import revision
from moderation.services.decoder import decoder
from moderation.services.lists import reach
from moderation.services.search.earlier import earlier_uploads
from moderation.services.uploads import retention, screening
from tests import pictures
from tests.services.people import member, send

pytestmark = pytest.mark.django_db(transaction=True)

MORE = 65_536


def test_the_personal_data_of_many_people_is_erased_together() -> None:
    rows = (PersonalData(owner_type="auth.user", owner_id="1", salt=b"salt") for _ in range(MORE))
    PersonalData.objects.bulk_create(rows, batch_size=5_000)

    assert retention.erase_personal(PersonalData.objects.filter(owner_id="1")) == MORE
    assert not PersonalData.objects.filter(erased_at__isnull=True).exists()


def _many_matches() -> Judgement:
    numbers = range(1, MORE // 10)
    entries = {number: Entry(number, "default", "block", {}) for number in numbers}
    return judge([Hit(number, "sha256", 0, band="exact") for number in numbers], entries)


def test_an_upload_that_matches_thousands_of_entries_is_recorded() -> None:
    upload = send(pictures.encode(pictures.scene(1)), who=member())
    judgement = _many_matches()

    with revision.screening() as state:
        found = screening.record(
            upload, judgement, state=state, occasion="review", started=time.perf_counter()
        )

    numbers = list(Match.objects.filter(screening=found).order_by("pk").values_list("banned_id", flat=True))
    assert numbers == [match.hit.banned for match in judgement.matches]
    assert Screening.objects.get(pk=found.pk).verdict == "block"


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
