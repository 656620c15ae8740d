"""What is kept for how long, and what a person can have erased."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from moderation import api
from moderation.models import BannedImage, Notice, PersonalData, Upload, UploadFingerprints
from moderation.services.blocklists import blocklist
from moderation.services.history import verification
from moderation.services.uploads import retention
from moderation.services.uploads.retention import Purged
from tests import pictures
from tests.services.people import kept_files, member, send

pytestmark = pytest.mark.django_db(transaction=True)


def _age(upload: Upload, days: int) -> None:
    Upload.objects.filter(pk=upload.pk).update(status_at=timezone.now() - timedelta(days=days))


@pytest.fixture
def rejected() -> Upload:
    """Return a rejected upload of half a year ago."""
    api.ban(pictures.encode(pictures.scene(1)))
    upload = send(pictures.encode(pictures.scene(1)), who=member())
    _age(upload, 185)
    return upload


def test_an_old_rejection_loses_its_picture_and_codes(rejected: Upload) -> None:
    assert retention.purge().uploads == 1

    rejected.refresh_from_db()
    assert (rejected.reencoded, rejected.status) == ("", "rejected")
    assert not UploadFingerprints.objects.exists()
    assert all(name.startswith("evidence") for name in kept_files("moderation_quarantine"))
    assert retention.purge() == Purged(0, 0, 0, 0)


def test_a_dry_run_only_counts(rejected: Upload) -> None:
    assert retention.purge(dry_run=True).uploads == 1

    assert UploadFingerprints.objects.filter(upload=rejected).exists()


@pytest.mark.parametrize("reason", ["young", "legal hold", "open appeal"])
def test_what_is_needed_stays(rejected: Upload, reason: str) -> None:
    match reason:
        case "young":
            _age(rejected, 183)
        case "legal hold":
            Upload.objects.filter(pk=rejected.pk).update(legal_hold=True)
        case _:
            _age(rejected, 1)
            api.ask_for_review(rejected.reference, owner=member().user, text="Please")
            _age(rejected, 185)

    assert retention.purge().uploads == 0


def test_what_is_public_keeps_its_fingerprints() -> None:
    upload = send(pictures.encode(pictures.scene(2)), who=member())
    _age(upload, 9999)

    assert retention.purge().uploads == 0

    api.ban(pictures.encode(pictures.scene(2)))
    upload.refresh_from_db()
    assert upload.status == "rejected"


def test_evidence_of_retired_entries_goes_when_the_site_says_so(settings: Any) -> None:
    banned = api.ban(pictures.encode(pictures.scene(1))).banned
    blocklist.unban(banned_id=banned.pk)
    BannedImage.objects.update(retired_at=timezone.now() - timedelta(days=31))
    assert retention.purge().evidence == 0

    settings.MODERATION = {**settings.MODERATION, "RETENTION": {"evidence": 30}}

    assert retention.purge().evidence == 1
    assert kept_files("moderation_quarantine") == []
    assert BannedImage.objects.get().evidence == ""


def test_old_notices_go(rejected: Upload) -> None:
    Notice.objects.update(created_at=timezone.now() - timedelta(days=366))

    assert retention.purge().notices == 1


def test_old_personal_data_goes_when_the_site_says_so(rejected: Upload, settings: Any) -> None:
    settings.MODERATION = {**settings.MODERATION, "RETENTION": {"personal": 180}}

    assert retention.purge().personal == 1

    assert PersonalData.objects.get().owner_id == ""
    assert verification.verify().ok


def test_a_person_gets_everything_that_is_kept(rejected: Upload) -> None:
    _age(rejected, 1)
    api.ask_for_review(rejected.reference, owner=member().user, text="It is my cat")

    data = api.export_data(member().user)

    assert data["uploads"][0]["reference"] == rejected.reference
    assert data["appeals"][0]["text"] == "It is my cat"
    assert data["records"] == [{"address": "", "file_name": "picture.jpg", "text": ""}]
    assert json.loads(json.dumps(data)) == data


def test_an_erased_person_leaves_a_history_that_verifies(rejected: Upload) -> None:
    public = send(pictures.encode(pictures.scene(2)), who=member())
    head = verification.verify().head

    erased = api.erase_data(member().user)

    assert (erased.uploads, erased.personal, erased.kept) == (2, 2, 0)
    assert kept_files("moderation_public") == []
    assert all(name.startswith("evidence") for name in kept_files("moderation_quarantine"))
    public.refresh_from_db()
    ada = member()
    assert (public.owner_id, public.target_id, ada.avatar.name) == ("", "", "")
    assert api.export_data(ada.user)["uploads"] == []
    assert verification.verify(head=head).ok


def test_legal_hold_withstands_an_erasure(rejected: Upload) -> None:
    Upload.objects.filter(pk=rejected.pk).update(legal_hold=True)

    assert api.erase_data(member().user).kept == 1

    rejected.refresh_from_db()
    assert rejected.owner_id == str(member().user.pk)
    assert rejected.reencoded in kept_files("moderation_quarantine")
