"""What a ban has learned to be background is given back: by an undo, or by hand; what a moderator chose stays."""

from __future__ import annotations

from typing import Any

import pytest

from moderation import api
from moderation.models import (
    BannedImage,
    BlocklistChange,
    LearnedBackground,
    LocalFingerprint,
    Match,
    Rescan,
    Upload,
)
from moderation.services.blocklists import background, blocklist
from moderation.services.desk import reinstating, undo
from tests import pictures
from tests.services.background.walls import CROP, WALL, approve, before_wall, configure, status_of, upload_of

pytest.importorskip("cv2", reason="the extra `local` (OpenCV) is not installed")
pytestmark = pytest.mark.django_db(transaction=True)


def test_undoing_the_approval_gives_the_tiles_back(entry: BannedImage, innocent: Upload) -> None:
    decision = approve(innocent)
    other = upload_of(before_wall(66), "bob")
    assert other.status == "approved"

    undo.undo(decision_id=decision.pk, actor_id="7")

    assert (status_of(innocent), status_of(other)) == ("held", "held")
    assert LocalFingerprint.objects.get().muted is None
    assert not LearnedBackground.objects.exists()
    kinds = list(BlocklistChange.objects.order_by("revision").values_list("kind", flat=True))
    assert kinds == ["list", "ban", "background", "background"]
    assert BlocklistChange.objects.latest("revision").detail["given_back_from"] == [innocent.pk]
    assert upload_of(before_wall(61), "eve").status == "held"


def test_an_undo_takes_back_what_was_let_go_without_stored_signatures(
    innocent: Upload, settings: Any
) -> None:
    """Its earlier match is known, so it is found even where the site keeps no signatures of uploads."""
    settings.MODERATION = {**settings.MODERATION, "LOCAL_REACH": False}
    other = upload_of(before_wall(66).crop((15, 10, 470, 395)), "bob")
    assert other.status == "held"
    decision = approve(innocent)
    assert status_of(other) == "approved"

    undo.undo(decision_id=decision.pk, actor_id="7")

    assert status_of(other) == "held"


def test_one_undo_leaves_what_was_learned_from_others(innocent: Upload) -> None:
    other = upload_of(before_wall(66), "bob")
    first = approve(innocent)
    # It was let go when the first was learned; as if a moderator had been faster.
    background.forget_all(banned_id=LearnedBackground.objects.get().signature.banned_id, actor_id="7")
    assert status_of(other) == "held"
    second = approve(other)
    mask = bytes(LocalFingerprint.objects.get().muted or b"")

    undo.undo(decision_id=first.pk, actor_id="7")

    assert bytes(LocalFingerprint.objects.get().muted or b"") == mask
    assert LearnedBackground.objects.get().decision_id == second.pk


def test_two_bans_before_the_same_wall_learn_from_one_approval(entry: BannedImage) -> None:
    second = api.ban(pictures.encode(before_wall(66))).banned
    upload = upload_of(before_wall(50), "ada")
    assert set(Match.objects.filter(screening__upload_id=upload.pk).values_list("banned_id", flat=True)) == {
        entry.pk,
        second.pk,
    }

    decision = approve(upload)
    assert [bool(one.muted) for one in LocalFingerprint.objects.all()] == [True, True]
    undo.undo(decision_id=decision.pk, actor_id="7")

    assert [bool(one.muted) for one in LocalFingerprint.objects.all()] == [False, False]
    changes = BlocklistChange.objects.filter(kind="background").order_by("revision")
    assert [change.banned_id for change in changes] == [entry.pk, second.pk] * 2
    assert status_of(upload) == "held"


def test_a_retired_entry_keeps_its_books(entry: BannedImage, innocent: Upload) -> None:
    decision = approve(innocent)
    blocklist.unban(banned_id=entry.pk)

    undo.undo(decision_id=decision.pk, actor_id="7")
    reinstating.reinstate(banned_id=entry.pk, actor_id="7")

    assert upload_of(before_wall(66), "bob").status == "held"


def test_a_ban_that_would_have_too_little_left_may_only_hold() -> None:
    configure(local="block")
    entry = api.ban(pictures.encode(WALL)).banned
    crop = upload_of(WALL.crop((60, 50, 420, 350)), "ada")
    assert crop.status == "rejected"
    # Most of it agrees: whoever approves it says that all of this ban is background.
    whole = upload_of(WALL.rotate(4), "bob")
    assert whole.status == "rejected"

    decision = approve(whole)

    entry.refresh_from_db()
    assert (entry.local, LocalFingerprint.objects.get().muted) == ("hold", None)
    assert BlocklistChange.objects.latest("revision").detail["local"] == "hold"
    assert upload_of(WALL.crop((55, 50, 420, 350)), "eve").status == "held"

    undo.undo(decision_id=decision.pk, actor_id="7")

    entry.refresh_from_db()
    assert entry.local == ""
    assert upload_of(WALL.crop((50, 50, 420, 350)), "mallory").status == "rejected"


def test_a_restriction_that_somebody_chose_stays(entry: BannedImage) -> None:
    blocklist.change_entry(banned_id=entry.pk, local="off")

    assert upload_of(CROP, "mallory").status == "approved"
    background.forget_all(banned_id=entry.pk, actor_id="7")
    entry.refresh_from_db()
    assert entry.local == "off"


def test_a_restriction_that_somebody_chose_before_it_was_learned_stays() -> None:
    configure(local="block")
    entry = api.ban(pictures.encode(WALL)).banned
    blocklist.change_entry(banned_id=entry.pk, local="hold")
    whole = upload_of(WALL.rotate(4), "bob")
    assert whole.status == "held"

    decision = approve(whole)
    undo.undo(decision_id=decision.pk, actor_id="7")

    entry.refresh_from_db()
    assert entry.local == "hold"


def test_the_entrys_page_says_so_and_gives_the_tiles_back(
    entry: BannedImage, innocent: Upload, admin_client: Any
) -> None:
    approve(innocent)
    page = f"/admin/moderation/bannedimage/{entry.pk}/change/"

    text = admin_client.get(page).content.decode()
    assert "Learned background" in text
    assert f"#{innocent.pk}</a>" in text
    response = admin_client.post(f"/admin/moderation/bannedimage/{entry.pk}/background/")

    assert response.status_code == 302
    assert "Learned background" not in admin_client.get(page).content.decode()
    assert upload_of(before_wall(66), "bob").status == "held"
    assert Rescan.objects.latest("pk").kind == "reach"
