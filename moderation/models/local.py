"""What the second tier keeps: signatures of keypoints, without pixels."""

from __future__ import annotations

from django.db import models

from moderation.models.blocklist import BannedImage
from moderation.models.uploads import Upload


class LocalFingerprint(models.Model):
    """The signature of one view of a banned image."""

    banned = models.ForeignKey(BannedImage, models.CASCADE, related_name="local_fingerprints")
    method = models.CharField(max_length=24)
    """With the version of the model: ``local/1``."""
    data = models.BinaryField()
    """See :meth:`moderation.domain.local.signature.LocalSignature.to_bytes`; at most 6 KB."""
    warnings = models.CharField(max_length=100, blank=True)
    """What makes it a poor ban: ``few_keypoints``, ``uniform``, ``repeating``."""
    revision = models.BigIntegerField()

    class Meta:
        indexes = [models.Index(fields=["revision"], name="moderation_local_rev")]

    def __str__(self) -> str:
        return f"{self.method} of entry {self.banned_id}"


class UploadLocalFingerprint(models.Model):
    """The signature of one view of an upload, which a later ban is compared with."""

    upload = models.ForeignKey(Upload, models.CASCADE, related_name="local_fingerprints")
    method = models.CharField(max_length=24)
    data = models.BinaryField()

    class Meta:
        indexes = [models.Index(fields=["upload", "id"], name="moderation_upload_local")]

    def __str__(self) -> str:
        return f"{self.method} of upload {self.upload_id}"
