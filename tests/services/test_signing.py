"""Entries and uploads of before there were signs get them, by ``rehash`` or by the sweeps after an upgrade."""

from __future__ import annotations

import pytest

from moderation import api, storage
from moderation.models import BannedSigns, Blocklist, UploadSigns
from moderation.services import revision
from moderation.services.blocklists import rehashing, signing
from moderation.services.operations import sweeping
from tests.pictures import edited_copies, encode, scene
from tests.services.people import member, send

pytestmark = pytest.mark.django_db(transaction=True)

PICTURE = scene(910)
COPY = edited_copies(PICTURE)["resized"]


def forget_signs() -> None:
    BannedSigns.objects.all().delete()
    UploadSigns.objects.all().delete()


def test_rehash_gives_an_old_entry_its_signs() -> None:
    api.ban(encode(PICTURE))
    forget_signs()
    assert send(COPY, who=member()).status == "held"

    report = rehashing.rehash()

    assert (report.entries, report.signs, report.codes) == (1, 1, 0)
    assert send(COPY, who=member("bob")).status == "rejected"
    assert not rehashing.entries_to_do().exists()


def test_a_sweep_does_so_in_the_background_and_raises_the_revision() -> None:
    api.ban(encode(PICTURE))
    upload = send(encode(scene(911)), who=member())
    forget_signs()
    before = revision.current().number

    sweeping.sweep(work_here=True)

    assert revision.current().number == before + 1
    assert UploadSigns.objects.filter(upload=upload).exists()
    assert send(COPY, who=member()).status == "rejected"
    assert signing.sign_some(limit=5) == 0
    assert revision.current().number == before + 1


def test_a_few_at_a_time() -> None:
    for seed in range(3):
        api.ban(encode(scene(920 + seed)))
    forget_signs()

    assert [signing.sign_some(limit=2) for _ in range(3)] == [2, 1, 0]


def test_what_cannot_be_read_is_not_tried_again_and_holds() -> None:
    banned = api.ban(encode(PICTURE)).banned
    storage.quarantine().delete(banned.evidence)
    forget_signs()

    assert signing.sign_some(limit=5) == 1
    assert signing.sign_some(limit=5) == 0
    assert send(COPY, who=member()).status == "held"


def test_an_entry_without_a_picture_lacks_nothing() -> None:
    Blocklist.objects.filter(slug="default").update(keep_evidence=False)
    api.ban(encode(PICTURE))
    forget_signs()

    assert signing.sign_some(limit=5) == 0
    assert send(COPY, who=member()).status == "held"
