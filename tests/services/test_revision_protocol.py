"""Whichever of ban and verdict commits second sees the other (I2, I3), at every step of a screening."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from django.db import connection

from moderation import api, selectors
from moderation.models import BannedImage, BlocklistChange, Decision, Revision, Screening, Upload
from moderation.services import revision
from moderation.services.blocklists import blocklist
from moderation.services.rescans import rescan, rescreening
from moderation.services.search import matching
from moderation.services.uploads import queue, screening
from moderation.services.uploads.publication import Publication
from tests import pictures
from tests.services.concurrency import Elsewhere
from tests.services.people import member, send

pytestmark = pytest.mark.django_db(transaction=True)

PICTURE = pictures.encode(pictures.scene(11))
COPY = pictures.edited_copies(pictures.scene(11))["mirrored"]


def _once(monkeypatch: pytest.MonkeyPatch, owner: object, name: str, *, before: Callable[[], object]) -> None:
    """Run ``before`` just before the first call of ``owner.name``."""
    original: Callable[..., Any] = getattr(owner, name)
    left = [before]

    def wrapper(*args: Any, **kwargs: Any) -> Any:
        if left:
            left.pop()()
        return original(*args, **kwargs)

    monkeypatch.setattr(owner, name, wrapper)


STEPS: dict[str, tuple[object, str]] = {
    "before the lease": (queue, "lease"),
    "before decoding": (screening, "decoder"),
    "before the search": (matching, "provisional"),
    "between search and file": (Publication, "prepare"),
    "between file and lock": (revision, "shared_lock"),
}


@pytest.mark.parametrize("step", STEPS)
def test_a_ban_that_commits_during_a_screening_is_seen(step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    ada = member()
    _once(monkeypatch, *STEPS[step], before=lambda: Elsewhere(lambda: api.ban(PICTURE)).result())

    upload = send(COPY, who=ada)

    assert upload.status == "rejected"
    ada.refresh_from_db()
    assert not ada.avatar
    assert Screening.objects.filter(upload_id=upload.pk).count() == 1


@pytest.mark.parametrize("place", ["settle", "record"])
def test_a_ban_that_comes_under_the_lock_waits_and_reaches_back(
    place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    bans: list[Elsewhere[Any]] = []

    def start() -> None:
        bans.append(Elsewhere(lambda: api.ban(PICTURE)))
        time.sleep(0.3)
        assert bans[0].running, "the ban did not wait for the verdict"

    _once(monkeypatch, screening, place, before=start)
    upload = send(COPY, who=member())
    assert bans[0].result().created

    upload.refresh_from_db()
    assert (upload.status, upload.published) == ("rejected", "")
    assert list(
        Screening.objects.filter(upload_id=upload.pk).order_by("id").values_list("revision", "verdict")
    ) == [(0, "allow"), (1, "block")]


def test_a_ban_after_the_verdict_reaches_back() -> None:
    upload = send(COPY, who=member())
    assert upload.status == "approved"

    Elsewhere(lambda: api.ban(PICTURE)).result()

    upload.refresh_from_db()
    assert upload.status == "rejected"


def test_a_gap_that_is_too_large_starts_the_match_again(
    monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    settings.MODERATION = {**settings.MODERATION, "INDEX_GAP": 1}
    others = [pictures.encode(pictures.scene(seed)) for seed in (50, 51)]

    def bans() -> None:
        for data in (*others, PICTURE):
            api.ban(data)

    _once(monkeypatch, revision, "shared_lock", before=lambda: Elsewhere(bans).result())

    assert send(COPY, who=member()).status == "rejected"


def test_two_bans_of_one_picture_at_once_make_one_entry() -> None:
    barrier = threading.Barrier(2)

    def ban() -> Any:
        barrier.wait(10)
        return api.ban(PICTURE)

    results = [call.result() for call in [Elsewhere(ban), Elsewhere(ban)]]

    assert sorted(result.created for result in results) == [False, True]
    assert BannedImage.objects.count() == 1
    assert sorted(Decision.objects.values_list("kind", flat=True)) == ["already_banned", "ban"]
    assert Revision.objects.get().number == BlocklistChange.objects.count() == 1


def test_many_bans_at_once_get_revisions_without_a_gap() -> None:
    data = [pictures.encode(pictures.scene(seed)) for seed in range(60, 68)]

    for call in [Elsewhere(partial(api.ban, one)) for one in data]:
        call.result(deadline=60)

    assert sorted(BlocklistChange.objects.values_list("revision", flat=True)) == list(range(1, 9))
    assert Revision.objects.get().entries == 8


def test_an_entry_retired_during_its_own_rescan_takes_nothing_down(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    upload = send(COPY, who=member())
    monkeypatch.setattr("moderation.dispatch.inline.InlineDispatcher.rescan", lambda *_: None)
    banned = api.ban(PICTURE)
    _once(
        monkeypatch,
        rescreening,
        "rescreen",
        before=lambda: Elsewhere(lambda: blocklist.unban(banned_id=banned.banned.pk)).result(),
    )
    assert banned.rescan_id is not None

    rescan.run(rescan_id=banned.rescan_id)

    upload.refresh_from_db()
    assert upload.status == "approved"


def test_a_radius_widened_during_a_screening_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    blocks = selectors.blocklist_named("default")
    blocks.radii = {"dhash256": [None, 0], "phash256": [None, 0]}
    blocklist.change_list(blocklist=blocks)
    api.ban(PICTURE)
    near = pictures.scene(11)
    near.paste((255, 255, 255), (0, 0, 90, 60))

    def widen() -> None:
        blocks.radii = {}
        blocklist.change_list(blocklist=blocks)

    _once(monkeypatch, revision, "shared_lock", before=lambda: Elsewhere(widen).result())

    assert send(pictures.encode(near), who=member()).status in ("held", "rejected")


def test_screenings_do_not_wait_for_one_another() -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has one writer at a time")
    inside, go = threading.Barrier(4), threading.Event()

    def screens() -> int:
        with revision.shared_lock() as state:
            inside.wait(10)  # passes only when three hold the lock at the same time
            go.wait(10)
            return state.number

    calls = [Elsewhere(screens) for _ in range(3)]
    inside.wait(10)
    ban = Elsewhere(lambda: api.ban(PICTURE))
    time.sleep(0.3)
    assert ban.running, "a change must wait for the screenings that have begun"
    go.set()

    assert [call.result() for call in calls] == [0, 0, 0]
    assert ban.result().revision == 1


def test_the_revision_is_read_after_the_wait_for_the_lock() -> None:
    """A snapshot from before the wait would be stale."""
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has one writer at a time")
    holding, go = threading.Event(), threading.Event()

    def change() -> None:
        with revision.exclusive_change() as change:
            holding.set()
            go.wait(10)
            change.record(kind="list", blocklist="default")

    def read() -> int:
        with revision.shared_lock() as state:
            return state.number

    changer = Elsewhere(change)
    assert holding.wait(10)
    reader = Elsewhere(read)
    time.sleep(0.3)
    assert reader.running
    go.set()
    changer.result()

    assert reader.result() == 1


def test_the_same_upload_at_the_same_revision_has_one_verdict() -> None:
    upload = send(PICTURE, who=member())

    assert screening.screen(upload_id=upload.pk) is None
    rescreening.rescreen(upload_id=upload.pk)

    assert Screening.objects.filter(upload_id=upload.pk).count() == 1
    assert Upload.objects.get(pk=upload.pk).status == "approved"
