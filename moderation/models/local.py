"""What the second tier keeps: signatures of keypoints, without pixels."""

from __future__ import annotations

from django.db import models

from moderation.models.blocklist import BannedImage, is_active
from moderation.models.uploads import Upload


class LocalFingerprintQuerySet(models.QuerySet["LocalFingerprint"]):
    """Signatures of entries."""

    def active(self) -> LocalFingerprintQuerySet:
        """Return those of entries that take part in screening."""
        return self.filter(is_active("banned__"))


class LocalFingerprint(models.Model):
    """The signature of one view of a banned image."""

    banned = models.ForeignKey(BannedImage, models.CASCADE, related_name="local_fingerprints")
    method = models.CharField(max_length=24)
    """With the version of the model: ``local/1``."""
    data = models.BinaryField()
    """See :meth:`moderation.domain.local.signature.LocalSignature.to_bytes`; at most 6 KB."""
    muted = models.BinaryField(max_length=8, null=True)
    """A bit for each tile whose evidence does not count: what :class:`LearnedBackground` rows come to."""
    warnings = models.CharField(max_length=100, blank=True)
    """What makes it a poor ban: ``few_keypoints``, ``uniform``, ``repeating``."""
    revision = models.BigIntegerField()
    """When it began to count as it is now: a changed ``muted`` is a new revision."""

    objects = LocalFingerprintQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["revision"], name="moderation_local_rev")]

    def __str__(self) -> str:
        return f"{self.method} of entry {self.banned_id}"


class LearnedBackground(models.Model):
    """The tiles of a banned image that agreed with an upload which a person found to be a different picture.

    A row goes when the decision is undone; the signature stays as it was computed.
    """

    signature = models.ForeignKey(LocalFingerprint, models.CASCADE, related_name="backgrounds")
    decision_id = models.BigIntegerField()
    upload_id = models.BigIntegerField()
    tiles = models.BinaryField(max_length=8)
    """A bit for each of the 64 tiles, row by row."""
    revision = models.BigIntegerField(null=True)
    """Since when it counts; empty while it waits for its own change."""
    too_much = models.BooleanField(default=False)
    """Too little would be left without these tiles: they count on, and the entry may only hold."""

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["signature", "decision_id"], name="moderation_learned_once")
        ]
        indexes = [
            models.Index(fields=["decision_id"], name="moderation_learned_from"),
            models.Index(
                fields=["id"], condition=models.Q(revision__isnull=True), name="moderation_learned_waiting"
            ),
        ]

    def __str__(self) -> str:
        return f"background of signature {self.signature_id}"


class UploadLocalFingerprintQuerySet(models.QuerySet["UploadLocalFingerprint"]):
    """Signatures of uploads."""

    def open(self) -> UploadLocalFingerprintQuerySet:
        """Return those of open uploads, see :meth:`moderation.models.uploads.UploadQuerySet.open`."""
        return self.filter(upload__status__in=Upload.OPEN, upload__withdrawn_at__isnull=True)


class UploadLocalFingerprint(models.Model):
    """The signature of one view of an upload, which a later ban is compared with."""

    upload = models.ForeignKey(Upload, models.CASCADE, related_name="local_fingerprints")
    method = models.CharField(max_length=24)
    data = models.BinaryField()

    objects = UploadLocalFingerprintQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["upload", "id"], name="moderation_upload_local")]

    def __str__(self) -> str:
        return f"{self.method} of upload {self.upload_id}"
