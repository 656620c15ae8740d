"""Entries and uploads of one code each, and what a process finds with the packed files that it has."""

from __future__ import annotations

import secrets
from pathlib import Path

from moderation import selectors
from moderation.domain.analysis import Code
from moderation.models import BannedImage, BlocklistChange, Fingerprint, Upload, UploadFingerprints
from moderation.services import revision
from moderation.services.search import rebuilding
from moderation.services.search.earlier import earlier_uploads
from moderation.services.search.index import banned_codes

DHASH = "dhash256/1"


def ban(code: bytes) -> int:
    """Return an entry with one code, as a service would make it."""
    with revision.exclusive_change() as change:
        entry = BannedImage.objects.create(
            blocklist=selectors.blocklist_named("default"), revision=change.revision
        )
        Fingerprint.objects.create(banned=entry, algorithm=DHASH, bits=code, revision=change.revision)
        change.record(kind=BlocklistChange.Kind.BAN, banned_id=entry.pk, entries=1)
    return entry.pk


def upload(code: bytes, *, pk: int | None = None) -> int:
    """Return a public upload that was screened with one code at the current revision."""
    state = revision.current()
    row = Upload.objects.create(
        reference=secrets.token_hex(6), status="approved", revision=state.number, sha256=b"", size=1,
        format="PNG", width=1, height=1,
    )  # fmt: skip
    UploadFingerprints.objects.create(
        pk=pk, upload=row, algorithm=DHASH, codes=code, places=[[0, ""]], revision=state.number
    )
    return row.pk


def random_code() -> bytes:
    return secrets.token_bytes(32)


def found(code: bytes) -> set[int]:
    return {hit.banned for hit in banned_codes.catch_up().search([Code(DHASH, code, 0, "")])}


def reached(code: bytes) -> set[int]:
    return set(earlier_uploads.within([Code(DHASH, code, 0, "")], {DHASH: 10}))


def rebuilt() -> Path:
    """Return the file of the banned codes, freshly written; the process has forgotten everything."""
    files = {file.kind: file.path for file in rebuilding.rebuild() if file.algorithm == DHASH}
    banned_codes.forget()
    earlier_uploads.forget()
    return files["banned"]
