"""Pages, leases and plans that are out of date when a moderator or worker acts on them."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.storage import storages

from moderation import api
from moderation.exceptions import ChangedSinceSeen, DecisionRefused
from moderation.models import (
    Appeal,
    BannedImage,
    Decision,
    Match,
    Rescan,
    Screening,
    Upload,
    UploadLocalFingerprint,
)
from moderation.services.blocklists import banning, blocklist
from moderation.services.blocklists.enrolment import picture_from_bytes
from moderation.services.desk import reinstating, review
from moderation.services.operations import health
from moderation.services.rescans import rescan
from moderation.services.uploads import intake, retention, screening
from moderation.services.uploads.intake import Submitter, Target
from tests import pictures
from tests.services.concurrency import Elsewhere
from tests.services.people import kept_files, member, send

pytestmark = pytest.mark.django_db(transaction=True)

ORIGINAL = pictures.scene(21)
PICTURE = pictures.encode(ORIGINAL)


def _near(*, seed: int = 1) -> bytes:
    """Draw a picture near the banned one: held, not rejected."""
    picture = ORIGINAL.copy()
    picture.paste(pictures.scene(seed, (190, 150)), (20, 20))
    return pictures.encode(picture)


@pytest.fixture
def held() -> Upload:
    """Return a held upload."""
    api.ban(PICTURE)
    upload = send(_near(), who=member())
    assert upload.status == "held"
    return upload


def _pending() -> Upload:
    ada = member()
    return intake.submit(
        data=pictures.encode(pictures.scene(2)),
        submitter=Submitter.of(ada.user),
        target=Target.of(ada, "avatar"),
        wake=False,
    )


def test_a_page_that_showed_it_held_does_not_publish_what_is_rejected_now(held: Upload) -> None:
    api.ban(_near())
    assert Upload.objects.get(pk=held.pk).status == "rejected"

    with pytest.raises(DecisionRefused):
        review.approve(upload_id=held.pk, actor_id="1", expected="held")

    assert kept_files("moderation_public") == []


def test_a_match_that_came_after_the_page_was_made_has_to_be_seen(held: Upload) -> None:
    seen = review.newest_screening()
    api.ban(_near())

    with pytest.raises(ChangedSinceSeen):
        review.approve(upload_id=held.pk, actor_id="1", seen=seen)
    review.approve(upload_id=held.pk, actor_id="1", seen=review.newest_screening())

    assert Upload.objects.get(pk=held.pk).status == "approved"


def test_an_appeal_can_be_granted_after_another_entry_has_been_looked_at() -> None:
    api.ban(PICTURE)
    upload = send(PICTURE, who=member())
    api.ask_for_review(upload.reference, owner=member().user, text="Please")
    appeal, seen = Appeal.objects.get(), review.newest_screening()
    api.ban(_near())

    with pytest.raises(ChangedSinceSeen):
        review.answer_appeal(appeal_id=appeal.pk, actor_id="1", grant=True, seen=seen)
    assert Screening.objects.latest("id").occasion == "review"
    review.answer_appeal(appeal_id=appeal.pk, actor_id="1", grant=True, seen=review.newest_screening())

    upload.refresh_from_db()
    assert upload.status == "approved"


def test_approving_answers_an_open_appeal() -> None:
    api.ban(PICTURE)
    upload = send(PICTURE, who=member())
    api.ask_for_review(upload.reference, owner=member().user, text="Please")

    review.approve(upload_id=upload.pk, actor_id="1")

    assert Appeal.objects.get().status == "granted"


def test_a_rescan_goes_on_past_an_upload_whose_file_is_gone() -> None:
    first = send(PICTURE, who=member())
    second = send(PICTURE, who=member("bob"))
    api.ban(pictures.encode(pictures.scene(40, (640, 480))))  # so that the second tier decodes
    storages["moderation_quarantine"].delete(first.reencoded)

    api.ban(PICTURE)

    assert set(Upload.objects.values_list("status", flat=True)) == {"rejected"}
    assert {first.pk, second.pk} == set(Upload.objects.values_list("pk", flat=True))
    assert not Rescan.objects.filter(status="open").exists()


def test_a_picture_that_was_taken_back_while_pending_stands_in_nobodys_way() -> None:
    upload = _pending()
    api.withdraw(member(), "avatar")
    Upload.objects.filter(pk=upload.pk).update(submitted_at="2020-01-01T00:00:00Z")

    assert screening.screen(upload_id=upload.pk) is None
    health.forget()
    report = health.readiness()

    assert report.ready, report.checks


def test_purge_looks_again_before_it_removes(
    held: Upload, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.MODERATION = {**settings.MODERATION, "RETENTION": {"held": 0}}
    due, approved = retention.due_uploads, list[bool]()

    def approved_between() -> Any:
        """Approve after the batch was read and before its row is locked."""
        if len(approved) == 1:
            review.approve(upload_id=held.pk, actor_id="1")
        approved.append(True)
        rows = due()
        return list(rows) if len(approved) == 1 else rows

    class Counted(list[Upload]):
        def count(self, *_: Any) -> int:
            return len(self)

    def wrapped() -> Any:
        rows = approved_between()
        return Counted(rows) if isinstance(rows, list) else rows

    monkeypatch.setattr(retention, "due_uploads", wrapped)
    retention.purge()

    held.refresh_from_db()
    assert held.status == "approved"
    assert held.reencoded in kept_files("moderation_quarantine")


def test_erasure_takes_the_second_tiers_signatures_too() -> None:
    send(pictures.encode(pictures.scene(2)), who=member())
    api.erase_data(member().user)

    assert not UploadLocalFingerprint.objects.exists()


def test_a_screening_under_way_writes_nothing_of_an_erased_person(monkeypatch: pytest.MonkeyPatch) -> None:
    upload = _pending()
    conclude = screening._conclude

    def erased_between(*arguments: Any) -> Any:
        api.erase_data(member().user)
        return conclude(*arguments)

    monkeypatch.setattr(screening, "_conclude", erased_between)
    screening.screen_leased(upload)

    assert kept_files("moderation_quarantine") == []
    assert kept_files("moderation_public") == []


def test_an_allowed_picture_carries_nothing_in() -> None:
    """Something pasted onto an allowed picture leaves it near enough to be explained by the allowlist."""
    carrier = pictures.scene(50, (640, 480))
    load = pictures.scene(51, (640, 480))
    api.ban(pictures.encode(load))
    banning.allow(picture=picture_from_bytes(pictures.encode(carrier)))
    carrier.paste(load.resize((230, 172)), (200, 150))

    upload = send(pictures.encode(carrier), who=member())

    local = Match.objects.filter(method__startswith="local/")
    if not local.exists():
        pytest.skip("the pasted picture is too small for the second tier to see: nothing to carry")
    assert upload.status == "held"


def test_cancelling_a_rescan_is_part_of_the_history() -> None:
    banned = api.ban(PICTURE).banned
    asked = rescan.ask(banned=BannedImage.objects.get(pk=banned.pk))

    assert rescan.cancel(rescan_id=asked.pk, actor_id="7")

    decision = Decision.objects.get(kind="cancel")
    assert (decision.actor_id, decision.banned_id) == ("7", banned.pk)


def test_a_retired_entry_is_banned_again_once() -> None:
    banned = api.ban(PICTURE).banned
    blocklist.unban(banned_id=banned.pk)

    def again() -> bool:
        try:
            reinstating.reinstate(banned_id=banned.pk, actor_id="7")
        except DecisionRefused:
            return False
        return True

    calls = [Elsewhere(again), Elsewhere(again)]

    assert sorted(call.result() for call in calls) == [False, True]
    assert not again()
    active = BannedImage.objects.active().get()
    blocklist.unban(banned_id=active.pk)
    assert again(), "what is retired again may be banned again"
    assert BannedImage.objects.active().count() == 1
    assert len([name for name in kept_files("moderation_quarantine") if "evidence" in name]) == 3
