"""What a person found different teaches a ban which of its tiles are background; undoing it gives them back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image

from moderation import api, selectors
from moderation.models import (
    BannedImage,
    BlocklistChange,
    Decision,
    LearnedBackground,
    LocalFingerprint,
    Match,
    Rescan,
    Screening,
    Upload,
)
from moderation.services import revision
from moderation.services.desk import review, undo
from moderation.services.lists import background, blocklist
from moderation.services.rescans import rescreening
from tests import pictures
from tests.services.concurrency import Elsewhere
from tests.services.people import member, send

pytest.importorskip("cv2", reason="the extra `local` (OpenCV) is not installed")
pytestmark = pytest.mark.django_db(transaction=True)

WALL = pictures.scene(700, (480, 400))


def before_wall(seed: int) -> Image.Image:
    """Three quarters of the area are the same wall."""
    page = WALL.copy()
    page.paste(pictures.scene(seed, (240, 200)), (200, 160))
    return page


def upload_of(picture: Image.Image, who: str) -> Upload:
    return send(pictures.encode(picture), who=member(who))


def status_of(upload: Upload) -> str:
    return Upload.objects.values_list("status", flat=True).get(pk=upload.pk)


CROP = before_wall(1).crop((15, 10, 470, 395))


def configure(**values: Any) -> None:
    default = selectors.blocklist_named("default")
    for name, value in values.items():
        setattr(default, name, value)
    blocklist.change_list(blocklist=default)


@pytest.fixture(autouse=True)
def _only_the_second_tier() -> None:
    """The wall takes up so much that fingerprints are near, too."""
    configure(radii={"dhash256": [None, 0], "phash256": [None, 0]})


@pytest.fixture
def entry() -> BannedImage:
    """Banned before the wall."""
    return api.ban(pictures.encode(before_wall(1))).banned


@pytest.fixture
def innocent(entry: BannedImage) -> Upload:
    """Another picture before the same wall: held, since nothing but a person can tell."""
    upload = upload_of(before_wall(50), "ada")
    assert upload.status == "held"
    assert set(Match.objects.values_list("method", flat=True)) == {"local/1"}
    return upload


def approve(upload: Upload, actor: str = "7") -> Decision:
    review.approve(upload_id=upload.pk, actor_id=actor)
    decision: Decision = Decision.objects.filter(upload_id=upload.pk).latest("pk")
    return decision


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
    undo.reinstate(banned_id=entry.pk, actor_id="7")

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
    blocklist.change_entry(banned_id=entry.pk, actor_id="7", local="off")

    assert upload_of(CROP, "mallory").status == "approved"
    background.forget_all(banned_id=entry.pk, actor_id="7")
    entry.refresh_from_db()
    assert entry.local == "off"


def test_a_restriction_that_somebody_chose_before_it_was_learned_stays() -> None:
    configure(local="block")
    entry = api.ban(pictures.encode(WALL)).banned
    blocklist.change_entry(banned_id=entry.pk, actor_id="8", local="hold")
    whole = upload_of(WALL.rotate(4), "bob")
    assert whole.status == "held"

    decision = approve(whole)
    undo.undo(decision_id=decision.pk, actor_id="7")

    entry.refresh_from_db()
    assert entry.local == "hold"


def test_nothing_is_learned_from_what_fingerprints_take_for_a_copy(entry: BannedImage) -> None:
    configure(action="hold", radii={})
    upload = upload_of(before_wall(1).resize((360, 300)), "ada")
    assert upload.status == "held"
    bands = set(Match.objects.values_list("method", "band"))
    assert ("local/1", "hold") in bands
    assert any(band == "block" for _, band in bands)

    approve(upload)

    assert not LearnedBackground.objects.exists()


def test_a_crash_after_the_approval_loses_nothing(innocent: Upload, monkeypatch: pytest.MonkeyPatch) -> None:
    def crash() -> None:
        raise OSError

    with monkeypatch.context() as patch:
        patch.setattr(background, "settle_waiting", crash)
        approve(innocent)
    assert LearnedBackground.objects.get().revision is None
    assert upload_of(before_wall(66), "bob").status == "held"

    assert background.settle_waiting() == 1

    assert upload_of(before_wall(61), "eve").status == "approved"


def test_an_approval_that_is_undone_before_it_was_learned_teaches_nothing(
    innocent: Upload, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(background, "settle_waiting", lambda: None)
        decision = approve(innocent)

    undo.undo(decision_id=decision.pk, actor_id="7")

    assert (background.settle_waiting(), status_of(innocent)) == (0, "held")
    assert not BlocklistChange.objects.filter(kind="background").exists()


def _once(monkeypatch: pytest.MonkeyPatch, owner: object, name: str, before: Callable[[], object]) -> None:
    original: Callable[..., Any] = getattr(owner, name)
    left = [before]

    def wrapper(*args: Any, **kwargs: Any) -> Any:
        if left:
            left.pop()()
        return original(*args, **kwargs)

    monkeypatch.setattr(owner, name, wrapper)


def test_learning_that_commits_during_a_screening_is_seen(
    innocent: Upload, monkeypatch: pytest.MonkeyPatch
) -> None:
    _once(monkeypatch, revision, "screening", lambda: Elsewhere(lambda: approve(innocent)).result())

    upload = upload_of(before_wall(66), "bob")

    assert upload.status == "approved"
    latest = Screening.objects.get(upload_id=upload.pk)
    assert latest.revision == revision.current().number


@pytest.mark.parametrize("step", ["subject_of", "locked"])
def test_what_is_given_back_during_a_rescreening_is_seen(
    step: str, innocent: Upload, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whichever commits second sees the other, also for what only an earlier screening had found."""
    other = upload_of(before_wall(66), "bob")
    decision = approve(innocent)
    assert status_of(other) == "approved"
    undone: list[Elsewhere[Any]] = []

    def start() -> None:
        call = Elsewhere(lambda: undo.undo(decision_id=decision.pk, actor_id="7"))
        undone.append(call)
        if step == "subject_of":
            call.result()

    configure(radii={"dhash256": [None, 1], "phash256": [None, 0]})
    _once(monkeypatch, rescreening, step, start)
    rescreening.rescreen(upload_id=other.pk)
    undone[0].result()

    assert status_of(other) == "held"


def test_an_entry_that_is_banned_again_keeps_what_it_learned(entry: BannedImage, innocent: Upload) -> None:
    approve(innocent)
    blocklist.unban(banned_id=entry.pk)

    undo.reinstate(banned_id=entry.pk, actor_id="7")

    assert upload_of(before_wall(66), "bob").status == "approved"
    assert upload_of(CROP, "mallory").status == "held"


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
