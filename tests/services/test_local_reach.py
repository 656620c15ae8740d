"""Bans against the stored signatures of earlier uploads: one pass, that stops and goes on anywhere."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from PIL import Image

from moderation import api
from moderation.domain.local import reach
from moderation.models import BannedImage, Rescan, Upload, UploadLocalFingerprint
from moderation.services.rescans import local_reach, rescan, rescreening, uploads_against
from tests import pictures
from tests.services.people import member, send

pytest.importorskip("cv2", reason="the extra `local` (OpenCV) is not installed")
pytestmark = pytest.mark.django_db(transaction=True)


def scene(seed: int) -> Image.Image:
    return pictures.scene(seed, (640, 480))


def crop_of(seed: int) -> bytes:
    return pictures.encode(scene(seed).crop((96, 72, 544, 408)))


@pytest.fixture(autouse=True)
def _small_stretches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local_reach, "UPLOADS_PER_STEP", 3)
    monkeypatch.setattr("moderation.dispatch.inline.InlineDispatcher.rescan", lambda *_: None)


@pytest.fixture
def crops() -> dict[int, Upload]:
    """Return crops of each scene that will be banned, and of others, in one order."""
    return {seed: send(crop_of(seed), who=member(f"m{seed}")) for seed in (31, 90, 32, 91, 92, 33, 93)}


def ban(*seeds: int) -> list[BannedImage]:
    return [api.ban(pictures.encode(scene(seed))).banned for seed in seeds]


def searched(entries: list[BannedImage], **bounds: Any) -> set[int]:
    bans = local_reach.Bans(BannedImage.objects.filter(pk__in=[entry.pk for entry in entries]))
    parts = list(bans.search(**{"after": 0, **bounds}))
    assert [part.last for part in parts] == sorted({part.last for part in parts})
    return {upload for part in parts for upload in part.uploads}


@pytest.mark.parametrize("many", [0, 400], ids=["in the index", "in the uploads"])
def test_both_ways_find_the_same(
    many: int, crops: dict[int, Upload], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local_reach, "MANY", many)
    entries = ban(31, 32, 33)

    assert searched(entries) == {crops[seed].pk for seed in (31, 32, 33)}
    assert searched(entries[1:2]) == {crops[32].pk}, "other entries of the index are not asked about"
    assert searched(entries, after=crops[31].pk, upto=crops[32].pk) == {crops[32].pk}


def test_each_upload_is_read_once_for_all_bans(
    crops: dict[int, Upload], monkeypatch: pytest.MonkeyPatch
) -> None:
    packed: list[int] = []
    original = reach.Stretch.__init__

    def init(self: reach.Stretch, uploads: Any) -> None:
        packed.extend(upload for upload, _ in uploads)
        original(self, uploads)

    entries = ban(31, 32, 33)
    monkeypatch.setattr(reach.Stretch, "__init__", init)
    searched(entries)

    assert sorted(packed) == sorted(upload.pk for upload in crops.values())


def test_the_views_of_an_upload_stay_together(crops: dict[int, Upload]) -> None:
    """Three rows a stretch, two or five an upload."""
    for number, upload in enumerate(crops.values()):
        row = UploadLocalFingerprint.objects.get(upload=upload)
        for _ in range(4 if number == 2 else 1):
            row.pk = None
            row.save(force_insert=True)

    assert searched(ban(31, 32, 33)) == {crops[seed].pk for seed in (31, 32, 33)}


def test_entries_that_the_tier_does_not_use_are_not_looked_for(crops: dict[int, Upload]) -> None:
    off, exact, used = ban(31, 32, 33)
    BannedImage.objects.filter(pk=off.pk).update(local="off")
    BannedImage.objects.filter(pk=exact.pk).update(exact_only=True)

    assert searched([off, exact, used]) == {crops[33].pk}
    assert not local_reach.Bans(BannedImage.objects.filter(pk__in=[off.pk, exact.pk]))


@pytest.mark.parametrize("many", [False, True])
def test_a_rescan_goes_on_where_it_was_killed(
    many: bool, crops: dict[int, Upload], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads_against, "MANY", 0 if many else 4_000)
    monkeypatch.setattr(uploads_against, "CHUNK", 3)
    ban(31, 32, 33)
    search = rescan.ask()
    Rescan.objects.exclude(pk=search.pk).delete()

    with monkeypatch.context() as patch:
        patch.setattr(rescreening, "rescreen", _dies_at(crops[33].pk))
        with pytest.raises(KeyboardInterrupt):
            rescan.run(rescan_id=search.pk)
    search.refresh_from_db()
    assert crops[31].pk <= search.cursor < crops[33].pk
    Rescan.objects.update(lease_until=None)
    looked_at = _looked_at(monkeypatch)

    done = rescan.run(rescan_id=search.pk)

    assert done is not None
    assert done.status == "done"
    assert min(looked_at) > search.cursor
    statuses = {seed: Upload.objects.get(pk=upload.pk).status for seed, upload in crops.items()}
    assert {seed for seed, status in statuses.items() if status == "held"} == {31, 32, 33}


def _dies_at(upload: int) -> Any:
    original = rescreening.rescreen

    def rescreen(*, upload_id: int) -> Any:
        if upload_id == upload:
            raise KeyboardInterrupt
        return original(upload_id=upload_id)

    return rescreen


def _looked_at(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    found: list[int] = []
    original = local_reach._stretches

    def stretches(after: int, upto: int | None) -> Iterator[Any]:
        for rows in original(after, upto):
            found.extend(upload for upload, _ in rows)
            yield rows

    monkeypatch.setattr(local_reach, "_stretches", stretches)
    return found


def test_its_lease_is_renewed_after_each_stretch(
    crops: dict[int, Upload], monkeypatch: pytest.MonkeyPatch
) -> None:
    ban(31)
    search = rescan.ask()
    noted: list[int] = []
    original = rescan._note

    def note(row: Rescan) -> bool:
        noted.append(row.cursor)
        return original(row)

    monkeypatch.setattr(rescan, "_note", note)
    rescan.run(rescan_id=search.pk)

    assert len(set(noted)) >= len(crops) // 3
