"""Crops, rotations and collages within the whole job: verdicts, reach-back, revisions, policy."""

from __future__ import annotations

from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connections
from PIL import Image

from moderation import api, selectors
from moderation.models import LocalFingerprint, Match, Screening, Upload, UploadLocalFingerprint
from moderation.services import revision
from moderation.services.blocklists import banning, blocklist
from moderation.services.blocklists.banning import EntryOptions
from moderation.services.blocklists.enrolment import picture_from_bytes
from moderation.services.desk import review
from moderation.services.search import local
from moderation.services.uploads import retention
from tests import pictures
from tests.services.concurrency import Elsewhere
from tests.services.people import kept_files, member, send

pytest.importorskip("cv2", reason="the extra `local` (OpenCV) is not installed")
pytestmark = pytest.mark.django_db(transaction=True)

ORIGINAL = pictures.scene(31, (640, 480))
BANNED = pictures.encode(ORIGINAL)


def _crop(picture: Image.Image = ORIGINAL, share: float = 0.15) -> bytes:
    width, height = picture.size
    dx, dy = int(width * share), int(height * share)
    return pictures.encode(picture.crop((dx, dy, width - dx, height - dy)))


def _collage() -> bytes:
    page = Image.new("RGB", (1280, 480), "white")
    page.paste(ORIGINAL, (0, 0))
    page.paste(pictures.scene(32, (640, 480)), (640, 0))
    return pictures.encode(page)


def _set(**values: Any) -> None:
    default = selectors.blocklist_named("default")
    for name, value in values.items():
        setattr(default, name, value)
    blocklist.change_list(blocklist=default)


@pytest.mark.parametrize(
    "copy",
    [
        _crop(),
        pictures.encode(ORIGINAL.rotate(9, expand=True, fillcolor="white")),
        _collage(),
        _crop(ORIGINAL.transpose(Image.Transpose.FLIP_LEFT_RIGHT)),
    ],
    ids=["crop", "rotation", "collage", "mirrored crop"],
)
def test_a_copy_that_no_global_fingerprint_finds_is_held(copy: bytes) -> None:
    api.ban(BANNED)

    upload = send(copy, who=member())

    assert (upload.status, kept_files("moderation_public")) == ("held", [])
    match = Match.objects.get(method__startswith="local/")
    assert match.band == "hold"
    assert match.details["inliers"] >= 7
    assert match.details["tile"] >= 650
    assert len(match.details["transform"]) == 9


def test_other_pictures_pass() -> None:
    api.ban(BANNED)

    statuses = {send(_crop(pictures.scene(seed, (640, 480))), who=member()).status for seed in range(40, 46)}

    assert statuses == {"approved"}


@pytest.mark.parametrize(("choice", "status"), [("off", "approved"), ("hold", "held"), ("block", "rejected")])
def test_each_list_chooses_what_the_tier_may_do(choice: str, status: str) -> None:
    _set(local=choice)
    api.ban(BANNED)

    assert send(_crop(), who=member()).status == status


def test_it_can_be_switched_off(settings: Any) -> None:
    settings.MODERATION = {**settings.MODERATION, "LOCAL": False}
    api.ban(BANNED)

    assert send(_crop(), who=member()).status == "approved"
    assert not LocalFingerprint.objects.exists()


def test_what_the_first_tier_blocks_is_not_looked_at_again() -> None:
    api.ban(BANNED)

    send(pictures.encode(ORIGINAL, quality=40), who=member())

    assert not Match.objects.filter(method__startswith="local/").exists()


def test_a_ban_keeps_at_most_six_kilobytes_and_no_pixels() -> None:
    api.ban(BANNED)

    assert len(bytes(LocalFingerprint.objects.get().data)) <= 6_000


def test_an_entry_that_is_exact_only_says_nothing_of_crops() -> None:
    banning.ban(
        picture=picture_from_bytes(BANNED),
        blocklist=selectors.blocklist_named("default"),
        options=EntryOptions(exact_only=True),
    )

    assert send(_crop(), who=member()).status == "approved"


def test_a_ban_reaches_back_to_a_crop() -> None:
    upload = send(_crop(), who=member())
    other = send(pictures.encode(pictures.scene(33)), who=member("bob"))
    assert upload.status == "approved"
    assert UploadLocalFingerprint.objects.filter(upload=upload).exists()

    api.ban(BANNED)

    upload.refresh_from_db()
    other.refresh_from_db()
    assert (upload.status, other.status) == ("held", "approved")
    assert member().avatar.name == ""


def test_retiring_the_entry_releases_the_crop() -> None:
    banned = api.ban(BANNED)
    upload = send(_crop(), who=member())

    blocklist.unban(banned_id=banned.banned.pk)

    upload.refresh_from_db()
    assert upload.status == "approved"


def test_another_change_does_not_release_it() -> None:
    """A verdict from stored fingerprints alone would know nothing of the crop."""
    api.ban(BANNED)
    upload = send(_crop(), who=member())

    api.ban(_crop(share=0.14))

    upload.refresh_from_db()
    assert upload.status in ("held", "rejected")
    latest = Screening.objects.filter(upload_id=upload.pk).latest("id")
    assert latest.revision == 2
    assert latest.matches.filter(method__startswith="local/").exists()


def test_what_a_human_cleared_stays_cleared() -> None:
    api.ban(BANNED)
    upload = send(_crop(), who=member())
    review.approve(upload_id=upload.pk, actor_id="1")

    _set(local="block")

    upload.refresh_from_db()
    assert upload.status == "approved"


@pytest.mark.parametrize("others", [0, 12])
def test_a_ban_during_the_screening_is_seen(others: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """With few others the new signature is verified under the lock, with many the match starts again."""
    original = revision.shared_lock
    left = [True]

    def bans() -> None:
        for seed in range(others):
            api.ban(pictures.encode(pictures.scene(70 + seed)))
        api.ban(BANNED)

    def shared_lock() -> Any:
        if left:
            left.clear()
            Elsewhere(bans).result(deadline=60)
        return original()

    monkeypatch.setattr(revision, "shared_lock", shared_lock)

    upload = send(_crop(), who=member())

    assert Upload.objects.get(pk=upload.pk).status == "held"
    assert Screening.objects.filter(upload_id=upload.pk).count() == 1


def _verified_under_the_lock(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Return, for each verification of a newer signature, whether a transaction was open."""
    seen: list[bool] = []
    original = local._verified

    def verified(features: Any, missing: Any) -> Any:
        if missing:
            seen.append(connections[revision.database()].in_atomic_block)
        return original(features, missing)

    monkeypatch.setattr(local, "_verified", verified)
    return seen


def test_newer_signatures_are_verified_without_the_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    """A ban waits for all verdicts that are being written: nothing that takes long belongs there."""
    original = revision.shared_lock
    bans = [BANNED, pictures.encode(pictures.scene(70))]
    seen = _verified_under_the_lock(monkeypatch)

    def shared_lock() -> Any:
        if bans:
            data = bans.pop()
            Elsewhere(lambda: api.ban(data)).result()
        return original()

    monkeypatch.setattr(revision, "shared_lock", shared_lock)
    upload = send(_crop(), who=member())

    assert upload.status == "held"
    assert seen == [False, False]


def test_with_bans_coming_all_the_time_it_ends_nevertheless(monkeypatch: pytest.MonkeyPatch) -> None:
    original = revision.shared_lock
    seeds = list(range(70, 76))
    seen = _verified_under_the_lock(monkeypatch)

    def shared_lock() -> Any:
        if seeds:
            data = pictures.encode(pictures.scene(seeds.pop()))
            Elsewhere(lambda: api.ban(data)).result()
        return original()

    monkeypatch.setattr(revision, "shared_lock", shared_lock)
    upload = send(_crop(), who=member())

    assert upload.status == "approved"
    assert seen == [False] * local.AHEAD + [True]


def test_switching_the_tier_on_reaches_back() -> None:
    _set(local="off")
    api.ban(BANNED)
    upload = send(_crop(), who=member())
    assert upload.status == "approved"

    _set(local="hold")

    upload.refresh_from_db()
    assert upload.status == "held"


def test_the_evidence_is_a_picture_for_moderators_only(client: Any, admin_client: Any) -> None:
    api.ban(BANNED)
    upload = send(_crop(), who=member())
    match = Match.objects.filter(screening__upload_id=upload.pk, method__startswith="local").latest("pk")
    address = f"/moderation/media/overlay/{match.pk}/"

    assert client.get(address).status_code == 403
    response = admin_client.get(address)

    assert (response.status_code, response["Content-Type"]) == (200, "image/png")
    assert response["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in response["Content-Security-Policy"]
    assert admin_client.get(f"/moderation/media/overlay/{match.pk + 1000}/").status_code == 404
    retention.forget_files(upload)
    assert admin_client.get(address).status_code == 404


def test_screen_explains_where_it_is_asked_to(tmp_path: Path) -> None:
    banned = api.ban(BANNED).banned
    crop = tmp_path / "crop.jpg"
    crop.write_bytes(_crop())

    call_command("screen", str(crop), "--explain", str(tmp_path / "why"), stdout=StringIO())

    with Image.open(tmp_path / "why" / f"crop-shows-{banned.pk}.png") as picture:
        assert max(picture.size) == 512
