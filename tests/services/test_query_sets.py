"""The words of the field (active, pending, held, public, open) are defined once, by the query sets."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.utils import timezone

from moderation.models import (
    Appeal,
    BannedImage,
    Blocklist,
    Fingerprint,
    LocalFingerprint,
    Rescan,
    Upload,
    UploadLocalFingerprint,
)

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.django_db


def _upload(status: str, *, withdrawn: bool = False) -> Upload:
    return Upload.objects.create(
        reference=f"{status[:6]}{'-gone' if withdrawn else ''}",
        status=status,
        revision=1,
        withdrawn_at=timezone.now() if withdrawn else None,
        sha256=bytes(32),
        size=1,
        format="PNG",
        width=1,
        height=1,
    )


@pytest.fixture
def uploads() -> dict[tuple[str, bool], Upload]:
    """Return an upload of every status, once as it is and once taken back by its owner."""
    return {
        (status, withdrawn): _upload(status, withdrawn=withdrawn)
        for status in Upload.Status.values
        for withdrawn in (False, True)
    }


@pytest.mark.parametrize(
    ("word", "statuses"),
    [
        ("current", {"pending", "approved", "held", "rejected", "refused"}),
        ("pending", {"pending"}),
        ("held", {"held"}),
        ("public", {"approved"}),
        ("open", {"approved", "held"}),
    ],
)
def test_a_word_names_statuses_and_never_what_was_taken_back(
    word: str, statuses: set[str], uploads: dict[tuple[str, bool], Upload]
) -> None:
    found = set(getattr(Upload.objects, word)())

    assert found == {uploads[status, False] for status in statuses}


def test_signatures_of_open_uploads_are_open(uploads: dict[tuple[str, bool], Upload]) -> None:
    rows = {
        key: UploadLocalFingerprint.objects.create(upload=upload, method="local/1", data=b"")
        for key, upload in uploads.items()
    }

    assert set(UploadLocalFingerprint.objects.open()) == {rows["approved", False], rows["held", False]}


def test_what_belongs_to_a_retired_entry_is_not_active() -> None:
    blocklist = Blocklist.objects.get(slug="default")
    here = BannedImage.objects.create(blocklist=blocklist, revision=1)
    gone = BannedImage.objects.create(
        blocklist=blocklist, revision=1, retired_revision=2, retired_at=timezone.now()
    )
    for entry in (here, gone):
        Fingerprint.objects.create(banned=entry, algorithm="dhash256/1", bits=bytes(32), revision=1)
        LocalFingerprint.objects.create(banned=entry, method="local/1", data=b"", revision=1)

    assert list(BannedImage.objects.active()) == [here]
    assert list(BannedImage.objects.retired()) == [gone]
    assert [row.banned for row in Fingerprint.objects.active()] == [here]
    assert [row.banned for row in LocalFingerprint.objects.active()] == [here]


def test_appeals_and_searches_are_open_until_they_are_answered(
    uploads: dict[tuple[str, bool], Upload],
) -> None:
    asked = Appeal.objects.create(upload=uploads["rejected", False])
    Appeal.objects.create(upload=uploads["approved", False], status="granted")
    waiting = Rescan.objects.create(kind="reach", since_revision=1)
    Rescan.objects.create(kind="reach", since_revision=1, status="cancelled")

    assert list(Appeal.objects.open()) == [asked]
    assert list(Rescan.objects.open()) == [waiting]


def test_nothing_else_says_what_they_mean() -> None:
    """A rule that stands in one place can be changed in one place."""
    spelt_out = re.compile(r"(retired_revision|withdrawn_at)__isnull")

    wrong = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in sorted((ROOT / "moderation").rglob("*.py"))
        if not {"models", "migrations"} & set(path.parts)
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if spelt_out.search(line)
    ]

    assert wrong == []
