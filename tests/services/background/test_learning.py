"""What a person found different teaches a ban which of its tiles are background."""

from __future__ import annotations

import pytest

from moderation import api
from moderation.models import (
    BannedImage,
    BlocklistChange,
    LearnedBackground,
    LocalFingerprint,
    Match,
    Screening,
    Upload,
)
from moderation.services import revision
from moderation.services.blocklists import blocklist
from moderation.services.desk import reinstating
from tests.pictures import encode
from tests.services.background.walls import CROP, approve, before_wall, configure, status_of, upload_of

pytest.importorskip("cv2", reason="the extra `local` (OpenCV) is not installed")
pytestmark = pytest.mark.django_db(transaction=True)


def test_what_an_approved_picture_shares_with_a_ban_counts_no_more(innocent: Upload) -> None:
    approve(innocent)

    assert upload_of(before_wall(66), "bob").status == "approved"
    assert upload_of(before_wall(61), "eve").status == "approved"
    assert upload_of(CROP, "mallory").status == "held"


def test_it_is_a_change_with_a_revision_that_says_what_happened(entry: BannedImage, innocent: Upload) -> None:
    before = revision.current().number
    data = bytes(LocalFingerprint.objects.get().data)

    approve(innocent)

    change = BlocklistChange.objects.latest("revision")
    signature = LocalFingerprint.objects.get()
    assert (change.kind, change.revision, change.actor_id) == ("background", before + 1, "7")
    assert (change.banned_id, change.detail["learned_from"]) == (entry.pk, [innocent.pk])
    assert change.detail["muted"] >= 20
    assert change.detail["left"] >= 8
    assert signature.revision == before + 1
    assert bytes(signature.data) == data, "the signature is what was computed"


def test_what_is_held_for_the_same_background_is_let_go(innocent: Upload) -> None:
    other = upload_of(before_wall(66), "bob")
    copy = upload_of(CROP, "mallory")
    assert (other.status, copy.status) == ("held", "held")

    approve(innocent)

    assert (status_of(other), status_of(copy)) == ("approved", "held")


def test_nothing_is_learned_from_what_fingerprints_take_for_a_copy(entry: BannedImage) -> None:
    configure(action="hold", radii={})
    upload = upload_of(before_wall(1).resize((360, 300)), "ada")
    assert upload.status == "held"
    bands = set(Match.objects.values_list("method", "band"))
    assert ("local/1", "hold") in bands
    assert any(band == "block" for _, band in bands)

    approve(upload)

    assert not LearnedBackground.objects.exists()


def test_an_entry_that_is_banned_again_keeps_what_it_learned(entry: BannedImage, innocent: Upload) -> None:
    approve(innocent)
    blocklist.unban(banned_id=entry.pk)

    reinstating.reinstate(banned_id=entry.pk, actor_id="7")

    assert upload_of(before_wall(66), "bob").status == "approved"
    assert upload_of(CROP, "mallory").status == "held"


def test_the_decision_that_it_learned_from_stays_a_persons(innocent: Upload) -> None:
    approve(innocent)

    innocent.refresh_from_db()
    assert Screening.objects.filter(upload_id=innocent.pk).latest("pk").verdict == "allow"
    assert (innocent.status, innocent.by_person, innocent.reason) == ("approved", True, "moderator")
    assert innocent.revision == revision.current().number


def test_a_new_ban_takes_the_approved_picture_down_as_the_machine_does(innocent: Upload) -> None:
    approve(innocent)

    api.ban(encode(before_wall(50)))

    innocent.refresh_from_db()
    assert (innocent.status, innocent.by_person) == ("rejected", False)
