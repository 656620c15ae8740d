"""Signatures of the second tier that are lacking, or were made with another version of its model.

What an entry has learned to be background goes with it: the tiles lie in the picture, not in the model.
"""

from __future__ import annotations

from django.db.models import Exists, OuterRef, Q

from moderation.conf import get_settings
from moderation.domain.analysis import Analysis
from moderation.domain.local.index import METHOD
from moderation.models import (
    BannedImage,
    LearnedBackground,
    LocalFingerprint,
    Upload,
    UploadLocalFingerprint,
)
from moderation.services.search import local

NONE = Q(pk__in=[])


def entries_lacking() -> Q:
    """Return a condition for entries whose picture is kept, or that have a signature of another version: imported
    hashes never had one."""
    if not get_settings().local:
        return NONE
    own = LocalFingerprint.objects.filter(banned=OuterRef("pk"))
    return ~Q(Exists(own.filter(method=METHOD))) & (~Q(evidence="") | Q(Exists(own)))


def uploads_lacking() -> Q:
    """Return a condition for uploads that the site wants signatures of, and that were decoded completely."""
    settings = get_settings()
    if not (settings.local and settings.local_reach):
        return NONE
    own = UploadLocalFingerprint.objects.filter(upload=OuterRef("pk"), method=METHOD)
    return ~Q(Exists(own)) & ~Q(reencoded="")


def renew_entry(entry: BannedImage, analysis: Analysis, *, at_revision: int) -> int:
    """Give an entry the signatures that it lacks, within the transaction of a change; return how many."""
    rows = LocalFingerprint.objects.filter(banned=entry)
    if not analysis.local or rows.filter(method=METHOD).exists():
        return 0
    old = list(rows.order_by("pk"))
    local.enrol(entry, local.features_of(analysis), at_revision=at_revision)
    new = list(rows.filter(method=METHOD).order_by("pk"))
    for before, after in zip(old, new, strict=False):
        if before.muted:
            after.muted = before.muted
            after.save(update_fields=["muted"])
        LearnedBackground.objects.filter(signature=before).update(signature=after)
    rows.filter(pk__in=[one.pk for one in old]).delete()
    return len(new)


def renew_upload(upload: Upload, analysis: Analysis) -> int:
    """Give an upload the signatures that it lacks, under the shared lock; return how many."""
    rows = UploadLocalFingerprint.objects.filter(upload=upload, method=METHOD)
    if not (analysis.local and get_settings().local_reach) or rows.exists():
        return 0
    local.remember(upload, local.features_of(analysis), again=True)
    return rows.count()
