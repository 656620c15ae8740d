"""Where pictures rise and fall, without pixels: what the evidence of a hit is read from."""

from __future__ import annotations

from django.db import models

from moderation.models.blocklist import BannedImage
from moderation.models.uploads import Upload


class BannedSigns(models.Model):
    """The signs of a banned image. An entry without them, as an imported hash is, can hold but not reject."""

    banned = models.OneToOneField(BannedImage, models.CASCADE, primary_key=True, related_name="signs")
    data = models.BinaryField()
    """See :func:`moderation.domain.evidence.signs.pack`: 898 bytes for each enrolled patch, 1.2 patches a
    photograph."""

    def __str__(self) -> str:
        return f"signs of entry {self.banned_id}"


class UploadSigns(models.Model):
    """The signs of an upload, kept for as long as its codes: a later ban is compared with them."""

    upload = models.OneToOneField(Upload, models.CASCADE, primary_key=True, related_name="signs")
    data = models.BinaryField()

    def __str__(self) -> str:
        return f"signs of upload {self.upload_id}"
