"""Uploads, their queue, what their owners are told, and the files that are due for removal."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from moderation.models.blocklist import BannedImage, Blocklist
from moderation.models.records import PersonalData


class UploadQuerySet(models.QuerySet["Upload"]):
    """Uploads, by the words of the field. What its owner took back is in none of them."""

    def current(self) -> UploadQuerySet:
        """Return those that their owners have neither replaced nor removed."""
        return self.filter(withdrawn_at__isnull=True)

    def pending(self) -> UploadQuerySet:
        """Return those that wait for a verdict."""
        return self.current().filter(status=Upload.Status.PENDING)

    def held(self) -> UploadQuerySet:
        """Return those that wait for a moderator."""
        return self.current().filter(status=Upload.Status.HELD)

    def public(self) -> UploadQuerySet:
        """Return those that are published."""
        return self.current().filter(status=Upload.Status.APPROVED)

    def open(self) -> UploadQuerySet:
        """Return those that a later change can still give another status: published and held ones."""
        return self.current().filter(status__in=Upload.OPEN)


class Upload(models.Model):
    """One image that a user submitted. While it is ``pending``, the row is the queue."""

    class Status(models.TextChoices):
        PENDING = "pending", _("pending")
        APPROVED = "approved", _("approved")
        HELD = "held", _("held")
        REJECTED = "rejected", _("rejected")
        REFUSED = "refused", _("refused")

    OPEN: ClassVar = (Status.APPROVED, Status.HELD)
    """What a later change can still give another status."""

    reference = models.CharField(_("reference"), max_length=12, unique=True, editable=False)
    """What an uploader may quote: ``7K3M-92QF``."""
    owner_type = models.CharField(max_length=100, blank=True, editable=False)
    owner_id = models.CharField(max_length=64, blank=True, editable=False)
    tenant = models.SlugField(
        max_length=20, blank=True, default="", db_default="", editable=False, db_index=False
    )
    """On whose behalf a key of the HTTP API submitted it; empty for the site's own."""
    target_model = models.CharField(max_length=100, blank=True, editable=False)
    """Label of the host's model, ``avatars.profile``, whose column takes the published name."""
    target_id = models.CharField(max_length=64, blank=True, editable=False)
    target_field = models.CharField(max_length=64, blank=True, editable=False)

    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.PENDING)
    reason = models.CharField(_("reason"), max_length=40, blank=True)
    """Short machine code of why the status is what it is."""
    blocklist = models.ForeignKey(Blocklist, models.PROTECT, null=True, blank=True, related_name="+")
    """Whose policy text the owner reads."""
    by_person = models.BooleanField(_("by a person"), default=False)
    """Whether a human or a machine decided last."""
    status_at = models.DateTimeField(_("status since"), default=timezone.now)
    submitted_at = models.DateTimeField(_("submitted"), default=timezone.now)
    withdrawn_at = models.DateTimeField(_("withdrawn"), null=True, blank=True)
    """Replaced or removed by its owner: it stays in the history and is not public."""

    original = models.CharField(max_length=200, blank=True, editable=False)
    """Name in quarantine of the bytes as they came; removed once they are decoded."""
    reencoded = models.CharField(max_length=200, blank=True, editable=False)
    """Name in quarantine of our re-encoding, kept so that a take-down can be undone."""
    published = models.CharField(max_length=200, blank=True, editable=False)
    """Name in the storage of the target's column."""
    published_width = models.PositiveIntegerField(null=True, editable=False)
    published_height = models.PositiveIntegerField(null=True, editable=False)
    """Of the re-encoding, in pixels."""

    sha256 = models.BinaryField(max_length=32, editable=False)
    pixels = models.BinaryField(max_length=32, null=True, editable=False)
    size = models.PositiveBigIntegerField(_("bytes"))
    format = models.CharField(_("format"), max_length=10)
    width = models.PositiveIntegerField(_("width"))
    height = models.PositiveIntegerField(_("height"))
    frames = models.PositiveIntegerField(_("frames"), default=1)

    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    """Committed before the bytes are decoded, so that a picture that kills its worker is counted."""
    lease = models.UUIDField(null=True, blank=True, editable=False)
    lease_until = models.DateTimeField(null=True, blank=True, editable=False)
    """In database time."""
    revision = models.BigIntegerField(_("screened at revision"), null=True, blank=True, editable=False)
    personal = models.ForeignKey(PersonalData, models.PROTECT, null=True, editable=False, related_name="+")
    legal_hold = models.BooleanField(
        _("legal hold"), default=False, help_text=_("Nothing of it is purged or erased while this is set.")
    )

    objects = UploadQuerySet.as_manager()

    class Meta:
        verbose_name = _("upload")
        verbose_name_plural = _("uploads")
        ordering = ["-id"]
        permissions = [
            ("view_private_media", _("Can see pictures that are not published")),
            ("decide_upload", _("Can decide about uploads")),
            ("export_audit", _("Can export the audit log")),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(status__in=["pending", "approved", "held", "rejected", "refused"]),
                name="moderation_upload_status",
            ),
            models.CheckConstraint(
                condition=models.Q(published="") | models.Q(status="approved", revision__isnull=False),
                name="moderation_public_is_screened",
            ),
            models.CheckConstraint(
                condition=~models.Q(status="approved") | models.Q(revision__isnull=False),
                name="moderation_approved_is_screened",
            ),
            models.CheckConstraint(
                condition=models.Q(lease__isnull=True, lease_until__isnull=True)
                | models.Q(lease__isnull=False, lease_until__isnull=False, status="pending"),
                name="moderation_one_open_lease",
            ),
        ]
        indexes = [
            models.Index(
                fields=["submitted_at"], condition=models.Q(status="pending"), name="moderation_upload_queue"
            ),
            models.Index(fields=["status", "id"], name="moderation_upload_status_id"),
            models.Index(fields=["owner_type", "owner_id", "id"], name="moderation_upload_owner"),
            models.Index(
                fields=["target_model", "target_id", "target_field", "id"], name="moderation_upload_target"
            ),
            models.Index(fields=["sha256"], name="moderation_upload_sha256"),
            models.Index(fields=["pixels"], name="moderation_upload_pixels"),
            models.Index(fields=["published"], name="moderation_upload_published"),
        ]

    def __str__(self) -> str:
        return self.reference


class UploadFingerprints(models.Model):
    """The codes that an upload was screened with, kept for as long as it is public or held."""

    upload = models.ForeignKey(Upload, models.CASCADE, related_name="fingerprints")
    algorithm = models.CharField(max_length=24)
    codes = models.BinaryField()
    """All codes of the algorithm, one after the other."""
    places = models.JSONField(default=list)
    """``[view, variant]`` of each code."""
    revision = models.BigIntegerField()
    """Of the screening that stored it. Rows of revisions before the current one are complete, since a
    screening commits at the revision that it wrote."""

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["upload", "algorithm"], name="moderation_upload_algorithm")
        ]
        indexes = [models.Index(fields=["revision", "id"], name="moderation_upload_codes_rev")]

    def __str__(self) -> str:
        return f"{self.algorithm} of upload {self.upload_id}"


class Clearance(models.Model):
    """A human looked at this upload beside this entry and approved: the pair counts no more."""

    upload = models.ForeignKey(Upload, models.CASCADE, related_name="clearances")
    banned = models.ForeignKey(BannedImage, models.CASCADE, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["upload", "banned"], name="moderation_clearance_pair")]

    def __str__(self) -> str:
        return f"upload {self.upload_id} is no copy of entry {self.banned_id}"


class AppealQuerySet(models.QuerySet["Appeal"]):
    """Appeals, by the words of the field."""

    def open(self) -> AppealQuerySet:
        """Return those that nobody has answered."""
        return self.filter(status=Appeal.Status.OPEN)


class Appeal(models.Model):
    """An uploader's objection to a rejection, once, with a sentence."""

    class Status(models.TextChoices):
        OPEN = "open", _("open")
        GRANTED = "granted", _("granted")
        DENIED = "denied", _("denied")

    upload = models.OneToOneField(Upload, models.PROTECT, related_name="appeal", verbose_name=_("upload"))
    text = models.TextField(_("text"), max_length=1000, blank=True)
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.OPEN)
    created_at = models.DateTimeField(_("asked"), default=timezone.now)
    answered_at = models.DateTimeField(_("answered"), null=True, blank=True)

    objects = AppealQuerySet.as_manager()

    class Meta:
        verbose_name = _("appeal")
        verbose_name_plural = _("appeals")
        ordering = ["id"]
        indexes = [models.Index(fields=["status", "id"], name="moderation_appeal_status")]

    def __str__(self) -> str:
        return f"{self.upload} ({self.get_status_display()})"


class Notice(models.Model):
    """What an owner is told on the site."""

    class Kind(models.TextChoices):
        REFUSED = "refused", _("could not be read")
        HELD = "held", _("is being looked at")
        REJECTED = "rejected", _("rejected")
        TAKEN_DOWN = "taken_down", _("taken down")
        APPROVED = "approved", _("approved")
        RESTORED = "restored", _("restored")
        APPEAL_GRANTED = "appeal_granted", _("review granted")
        APPEAL_DENIED = "appeal_denied", _("review denied")

    upload = models.ForeignKey(Upload, models.CASCADE, related_name="notices")
    kind = models.CharField(max_length=20, choices=Kind)
    message = models.TextField()
    by_person = models.BooleanField(default=False)
    """Whether a human or a machine decided."""
    found = models.CharField(max_length=10, blank=True)
    """How a picture that was stopped was found: by the ``machine``, a ``person``, or a ``report``."""
    created_at = models.DateTimeField(default=timezone.now)
    read_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.kind}: {self.upload_id}"


class FileRemoval(models.Model):
    """A file that has to go, and a note of it that survives a crash.

    Also written *before* a public file is, with a later ``not_before``: what no upload refers to by
    then was left behind by a crash.
    """

    area = models.CharField(max_length=200)
    """See :func:`moderation.storage.storage_of`."""
    name = models.CharField(max_length=200)
    not_before = models.DateTimeField(default=timezone.now, db_index=True)
    attempts = models.PositiveIntegerField(default=0)
    last_error = models.CharField(max_length=200, blank=True)

    class Meta:
        indexes = [models.Index(fields=["area", "name"], name="moderation_removal_name")]

    def __str__(self) -> str:
        return f"{self.area}: {self.name}"


class RescanQuerySet(models.QuerySet["Rescan"]):
    """Searches, by the words of the field."""

    def open(self) -> RescanQuerySet:
        """Return those that are not finished."""
        return self.filter(status=Rescan.Status.OPEN)


class Rescan(models.Model):
    """A search among earlier uploads that a change made necessary; resumes where it stopped."""

    class Kind(models.TextChoices):
        REACH = "reach", _("reach: approved and held uploads against new entries")
        RELEASE = "release", _("release: uploads that rested on what was withdrawn")

    class Status(models.TextChoices):
        OPEN = "open", _("open")
        DONE = "done", _("done")
        CANCELLED = "cancelled", _("cancelled")

    kind = models.CharField(max_length=10, choices=Kind)
    status = models.CharField(max_length=10, choices=Status, default=Status.OPEN)
    since_revision = models.BigIntegerField()
    """Entries and radii of this revision and later ones are searched for."""
    banned = models.ForeignKey(BannedImage, models.PROTECT, null=True, related_name="rescans")
    blocklist = models.ForeignKey(Blocklist, models.PROTECT, null=True, related_name="rescans")
    """The one entry, or the one list, or (both empty) the whole revision."""
    cursor = models.BigIntegerField(default=0)
    """Id of the last upload that was looked at."""
    examined = models.BigIntegerField(default=0)
    hits = models.BigIntegerField(default=0)
    taken_down = models.BigIntegerField(default=0)
    held = models.BigIntegerField(default=0)
    released = models.BigIntegerField(default=0)
    lease_until = models.DateTimeField(null=True)
    created_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True)

    objects = RescanQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["id"], condition=models.Q(status="open"), name="moderation_rescan_open")
        ]

    def __str__(self) -> str:
        return f"rescan {self.pk} of revision {self.since_revision}"


class PeriodicWork(models.Model):
    """Who does the periodic work at the moment, and until when nobody else starts it."""

    name = models.CharField(max_length=40, primary_key=True)
    lease_until = models.DateTimeField()

    def __str__(self) -> str:
        return self.name
