"""What the moderators' desk remembers: who looks at what, bans that are prepared, and hourly counts.

Nothing here is history. A row that is lost costs a moderator a click.
"""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from moderation.models.blocklist import BannedImage, Blocklist
from moderation.models.uploads import Upload


class Claim(models.Model):
    """A moderator looks at this held upload, so nobody else is given it; lapses by itself."""

    upload = models.OneToOneField(Upload, models.CASCADE, primary_key=True, related_name="claim")
    moderator_id = models.CharField(max_length=64)
    until = models.DateTimeField()
    """In database time."""

    class Meta:
        indexes = [models.Index(fields=["moderator_id", "until"], name="moderation_claim_moderator")]

    def __str__(self) -> str:
        return f"{self.upload_id} by {self.moderator_id}"


class DeskPreference(models.Model):
    """How one moderator wants to work."""

    class Veil(models.TextChoices):
        BLUR = "blur", _("grey and blurred")
        GREY = "grey", _("grey")
        NONE = "none", _("as they are")

    moderator_id = models.CharField(max_length=64, primary_key=True)
    veil = models.CharField(_("pictures"), max_length=5, choices=Veil, default=Veil.BLUR)

    def __str__(self) -> str:
        return f"preferences of {self.moderator_id}"


class BanDraft(models.Model):
    """A ban whose reach is being looked at, or that waits for a second moderator.

    Bytes from outside wait in quarantine and are decoded again when the ban is made; what the page
    shows is our own re-encoding.
    """

    class Status(models.TextChoices):
        DRAFT = "draft", _("being looked at")
        WAITING = "waiting", _("waits for a second moderator")
        DONE = "done", _("banned")
        DROPPED = "dropped", _("dropped")

    batch = models.UUIDField(default=uuid.uuid4, db_index=True)
    """What was put in together is looked at together."""
    status = models.CharField(max_length=10, choices=Status, default=Status.DRAFT)
    blocklist = models.ForeignKey(Blocklist, models.PROTECT, related_name="+")

    upload = models.ForeignKey(Upload, models.CASCADE, null=True, related_name="+")
    file = models.CharField(max_length=200, blank=True)
    """Name in quarantine of the bytes as they came."""
    file_name = models.CharField(max_length=255, blank=True)
    """As the moderator's machine calls it."""
    picture = models.CharField(max_length=200, blank=True)
    """Name in quarantine of the re-encoded still that is shown."""
    algorithm = models.CharField(max_length=24, blank=True)
    """Of a ban by hash."""
    codes = models.JSONField(default=list)
    """``[algorithm, hexadecimal bits, variant]`` of each code, to search the earlier uploads with."""
    signature = models.BinaryField(null=True)
    """Of the second tier, to compare the earlier uploads with."""
    sha256 = models.BinaryField(max_length=32, default=b"")
    pixels = models.BinaryField(max_length=32, default=b"")
    flat = models.BooleanField(default=False)

    label = models.CharField(max_length=200, blank=True)
    reason = models.CharField(max_length=200, blank=True)
    note = models.TextField(blank=True)
    exact_only = models.BooleanField(default=False)
    radii = models.JSONField(default=None, null=True)
    ban_expires_at = models.DateTimeField(null=True)
    lowering = models.JSONField(default=None, null=True)
    """What is to be done instead of a ban, where it lowers the shield: ``what``, ``subject``, ``values``, and the ``state``
    in which it was asked for. The entry, if it is about one, is :attr:`banned`."""
    reject_too = models.BooleanField(default=False)
    """Reject the upload that this was made from, in the words of the same list."""

    created_by = models.CharField(max_length=64)
    created_at = models.DateTimeField(default=timezone.now)
    banned = models.ForeignKey(BannedImage, models.SET_NULL, null=True, related_name="+")

    class Meta:
        indexes = [models.Index(fields=["status", "created_at"], name="moderation_draft_status")]
        permissions: ClassVar = [
            ("lower_shield", "Can lower the shield for other pictures, with a second person")
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """What to call it on a page: label, file, reference or hash."""
        if self.label or self.file_name:
            return self.label or self.file_name
        if self.upload is not None:
            return self.upload.reference
        return f"{self.algorithm} {self.codes[0][1][:12]}…" if self.codes else f"#{self.pk}"


class HourlyTally(models.Model):
    """What happened in one hour that is over: for plots, and rebuilt from the history at any time."""

    hour = models.DateTimeField(primary_key=True)
    counts = models.JSONField(default=dict)
    """Name → number: ``uploads``, ``allow``, ``hold``, ``block``, ``refused``, ``approve``, ``reject`` …"""
    verdict_times = models.JSONField(default=list)
    """Histogram of seconds from upload to verdict, in the buckets of ``services.desk.hourly_stats``."""
    decision_times = models.JSONField(default=list)
    """The same for seconds from hold to decision."""

    def __str__(self) -> str:
        return f"{self.hour:%Y-%m-%d %H}h"
