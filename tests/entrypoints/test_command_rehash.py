"""``rehash`` after an algorithm was added."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from moderation import api, storage
from moderation.domain.local.index import METHOD
from moderation.models import (
    BannedImage,
    Blocklist,
    Fingerprint,
    LearnedBackground,
    LocalFingerprint,
    Revision,
    Upload,
    UploadFingerprints,
    UploadLocalFingerprint,
)
from moderation.services.search.index import banned_codes
from moderation.services.search.local import banned_signatures
from tests import pictures
from tests.entrypoints.commands import run
from tests.services.people import member, send

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def only_dhash(settings: Any) -> Any:
    """Set up an installation that began with one algorithm."""
    settings.MODERATION = {**settings.MODERATION, "ALGORITHMS": ("dhash256",)}
    return settings


def add_phash(settings: Any) -> None:
    settings.MODERATION = {**settings.MODERATION, "ALGORITHMS": ("dhash256", "phash256")}


def algorithms() -> set[str]:
    return set(Fingerprint.objects.values_list("algorithm", flat=True).order_by().distinct())


def test_entries_and_uploads_get_the_codes_that_they_lack(only_dhash: Any) -> None:
    banned = api.ban(pictures.encode(pictures.scene(1))).banned
    upload = send(pictures.encode(pictures.scene(2)), who=member())
    add_phash(only_dhash)
    number = Revision.objects.get().number

    counted = run("rehash", "--dry-run").line
    outcome = run("rehash")

    assert (counted["entries"], counted["uploads"]) == (1, 1)
    assert outcome.status == 0
    line = outcome.line
    assert (line["entries"], line["uploads"], line["left_out"]) == (1, 1, 0)
    assert line["revision"] == Revision.objects.get().number > number
    assert algorithms() == {"dhash256/1", "phash256/1"}
    assert UploadFingerprints.objects.filter(upload=upload, algorithm="phash256/1").exists()
    code = Fingerprint.objects.filter(algorithm="phash256/1", banned=banned)[0]
    hits = (
        banned_codes.catch_up()
        .layers["phash256/1"]
        .search(np.frombuffer(bytes(code.bits), np.uint8).reshape(1, -1), 0)
    )
    assert hits.item.tolist() == [banned.pk]


def test_the_second_time_there_is_nothing_to_do(only_dhash: Any) -> None:
    api.ban(pictures.encode(pictures.scene(1)))
    add_phash(only_dhash)
    run("rehash")
    number = Revision.objects.get().number

    line = run("rehash").line

    assert (line["entries"], line["uploads"], line["codes"], line["revision"]) == (0, 0, 0, None)
    assert Revision.objects.get().number == number


def test_what_cannot_be_computed_is_named(only_dhash: Any, tmp_path: Path) -> None:
    Blocklist.objects.filter(slug="default").update(keep_evidence=False)
    without = api.ban(pictures.encode(pictures.scene(1))).banned
    Blocklist.objects.filter(slug="default").update(keep_evidence=True)
    lost = api.ban(pictures.encode(pictures.scene(2))).banned
    storage.quarantine().delete(lost.evidence)
    path = tmp_path / "hashes.csv"
    path.write_text(f"algorithm,hash\ndhash256,{secrets.token_hex(32)}\n")
    run("import_hashes", path)
    imported = BannedImage.objects.get(source__startswith="import:")
    add_phash(only_dhash)

    outcome = run("rehash")

    assert outcome.status == 1
    *named, summary = outcome.lines
    assert {line["entry"]: (line["reason"], line["ok"]) for line in named} == {
        without.pk: ("no_picture", True),
        lost.pk: ("file_missing", False),
        imported.pk: ("imported", True),
    }
    assert (summary["left_out"], summary["entries"]) == (3, 0)


def test_codes_of_an_old_version_give_way(only_dhash: Any) -> None:
    banned = api.ban(pictures.encode(pictures.scene(1))).banned
    Fingerprint.objects.filter(banned=banned).update(algorithm="dhash256/0")

    run("rehash")

    assert algorithms() == {"dhash256/1"}


def test_a_new_algorithm_reaches_back(only_dhash: Any) -> None:
    upload = send(pictures.encode(pictures.scene(1)), who=member())
    banned = api.ban(pictures.encode(pictures.scene(2))).banned
    # As if the first algorithm had not told that it is the same picture.
    storage.quarantine().delete(banned.evidence)
    storage.write(storage.quarantine(), banned.evidence, pictures.encode(pictures.scene(1)))
    add_phash(only_dhash)

    run("rehash")

    upload.refresh_from_db()
    assert upload.status == "rejected"


CROP = pictures.encode(pictures.scene(31, (640, 480)).crop((96, 72, 544, 408)))


@pytest.fixture
def other_version() -> tuple[BannedImage, Upload]:
    """Return an entry, and a crop of it that was published before, with signatures of another model."""
    pytest.importorskip("cv2", reason="the extra `local` (OpenCV) is not installed")
    upload = send(CROP, who=member())
    Blocklist.objects.filter(slug="default").update(local="off")
    banned = api.ban(pictures.encode(pictures.scene(31, (640, 480)))).banned
    Blocklist.objects.filter(slug="default").update(local="hold")
    LocalFingerprint.objects.update(method="local/0")
    UploadLocalFingerprint.objects.update(method="local/0")
    banned_signatures.forget()
    return banned, upload


def test_signatures_of_another_model_are_made_anew(other_version: tuple[BannedImage, Upload]) -> None:
    _, upload = other_version
    counted = run("rehash", "--dry-run").line
    line = run("rehash").line

    assert (counted["entries"], counted["uploads"]) == (1, 1)
    assert (line["entries"], line["uploads"], line["codes"], line["signatures"]) == (1, 1, 0, 2)
    assert line["revision"] == Revision.objects.get().number
    assert set(LocalFingerprint.objects.values_list("method", flat=True)) == {METHOD}
    assert set(UploadLocalFingerprint.objects.values_list("method", flat=True)) == {METHOD}
    upload.refresh_from_db()
    assert upload.status == "held", "the new signatures find what was published before"
    assert send(CROP, who=member("bob")).status == "held"


def test_what_was_learned_goes_with_the_picture(other_version: tuple[BannedImage, Upload]) -> None:
    mask = bytes([0xFF] * 4 + [0] * 4)
    LearnedBackground.objects.create(
        signature=LocalFingerprint.objects.get(), decision_id=1, upload_id=1, tiles=mask, revision=1
    )
    LocalFingerprint.objects.update(muted=mask)

    run("rehash")

    renewed = LocalFingerprint.objects.get()
    assert (renewed.method, bytes(renewed.muted or b"")) == (METHOD, mask)
    assert LearnedBackground.objects.get().signature == renewed


def test_a_signature_without_a_picture_is_named_and_stays(other_version: tuple[BannedImage, Upload]) -> None:
    banned, upload = other_version
    BannedImage.objects.update(evidence="")
    storage.quarantine().delete(upload.reencoded)

    outcome = run("rehash")

    named = {("entry", line["entry"]): line["reason"] for line in outcome.lines[:-1] if "entry" in line}
    named |= {("upload", line["upload"]): line["reason"] for line in outcome.lines[:-1] if "upload" in line}
    assert named == {("entry", banned.pk): "no_picture", ("upload", upload.pk): "file_missing"}
    assert set(LocalFingerprint.objects.values_list("method", flat=True)) == {"local/0"}
    assert outcome.lines[-1]["signatures"] == 0


def test_imported_hashes_lack_no_signature(tmp_path: Path) -> None:
    path = tmp_path / "hashes.csv"
    codes = f"dhash256,{secrets.token_hex(32)}\n"
    path.write_text(f"algorithm,hash\n{codes}")
    run("import_hashes", path)
    entry = BannedImage.objects.get()
    Fingerprint.objects.create(
        banned=entry, algorithm="phash256/1", bits=secrets.token_bytes(32), revision=entry.revision
    )

    assert run("rehash", "--dry-run").line["entries"] == 0


def test_where_the_tier_is_off_nothing_is_lacking(
    other_version: tuple[BannedImage, Upload], settings: Any
) -> None:
    settings.MODERATION = {**settings.MODERATION, "LOCAL": False}

    counted = run("rehash", "--dry-run").line

    assert (counted["entries"], counted["uploads"]) == (0, 0)
