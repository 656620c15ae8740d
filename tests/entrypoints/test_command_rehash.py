"""``rehash`` after an algorithm was added."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from moderation import api, storage
from moderation.models import BannedImage, Blocklist, Fingerprint, Revision, UploadFingerprints
from moderation.services.index import banned_codes
from tests import pictures
from tests.entrypoints.commands import run
from tests.services.people import member, send

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def only_dhash(settings: Any) -> Any:
    """An installation that began with one algorithm."""
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
