"""Blocklists, their entries, and the revision that counts every change to them."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.core.validators import MinValueValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


def is_active(path: str = "") -> models.Q:
    """Return the condition for entries that take part in screening; ``path`` leads to them, such as ``banned__``."""
    return models.Q(**{f"{path}retired_revision__isnull": True})


class Revision(models.Model):
    """The installation's one counter; a row per installation, locked by ``services.revision``."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    number = models.BigIntegerField(default=0)
    token = models.UUIDField(default=uuid.uuid4)
    """Random with each change, so that a database restored from a backup is told from the one that a
    process's index was built from."""
    entries = models.BigIntegerField(default=0)
    """Active entries that can change a verdict: default radii depend on it. Watched, allowed and suspended ones are
    not counted, so a long list of such gives up no weak copy of what another list blocks."""

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="moderation_one_revision")]

    def __str__(self) -> str:
        return f"revision {self.number}"


class Blocklist(models.Model):
    """A named set of banned images with one action."""

    class Action(models.TextChoices):
        BLOCK = "block", _("block: copies are rejected, near ones are held")
        HOLD = "hold", _("hold: a moderator decides")
        MONITOR = "monitor", _("monitor: only recorded")
        ALLOW = "allow", _("allow: pictures that are never flagged")

    DECIDING: ClassVar = (Action.BLOCK, Action.HOLD)
    """Actions of lists whose entries can hold or reject a picture."""

    slug = models.SlugField(_("short name"), unique=True)
    name = models.CharField(_("name"), max_length=100)
    action = models.CharField(_("action"), max_length=10, choices=Action, default=Action.BLOCK)

    class Local(models.TextChoices):
        OFF = "off", _("off")
        HOLD = "hold", _("hold: a moderator decides")
        BLOCK = "block", _("block: strong evidence rejects")

    local = models.CharField(
        _("crops, rotations, collages"),
        max_length=5,
        choices=Local,
        default=Local.HOLD,
        help_text=_("What the second tier does with a picture that shows an entry of this list."),
    )
    radii = models.JSONField(_("radii"), default=dict, blank=True)
    """Algorithm → [block radius or null, hold radius]; what is not named keeps the default."""
    policy_text = models.TextField(
        _("policy text"),
        default="This picture is not allowed here.",
        help_text=_("What an uploader reads when a picture is rejected because of this list."),
    )
    keep_evidence = models.BooleanField(
        _("keep evidence"),
        default=True,
        help_text=_("Keep a small private picture of each entry; off where keeping it would be unlawful."),
    )
    tenant = models.SlugField(
        _("tenant"),
        max_length=20,
        blank=True,
        default="",
        db_default="",
        db_index=False,
        help_text=_("Of the HTTP API: only uploads of this tenant are compared with the list; empty: all."),
    )
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("blocklist")
        verbose_name_plural = _("blocklists")
        ordering = ["slug"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(action__in=["block", "hold", "monitor", "allow"]),
                name="moderation_blocklist_action",
            )
        ]

    def __str__(self) -> str:
        return self.name


class BannedImageQuerySet(models.QuerySet["BannedImage"]):
    """Entries, by the words of the field."""

    def active(self) -> BannedImageQuerySet:
        """Return those that take part in screening."""
        return self.filter(is_active())

    def retired(self) -> BannedImageQuerySet:
        """Return those that do not any more."""
        return self.filter(retired_revision__isnull=False)


class BannedImage(models.Model):
    """One entry of a blocklist; never deleted, only retired."""

    blocklist = models.ForeignKey(
        Blocklist, models.PROTECT, related_name="entries", verbose_name=_("blocklist")
    )
    label = models.CharField(_("label"), max_length=200, blank=True)
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    source = models.CharField(_("source"), max_length=100, blank=True)
    """Where the entry comes from: ``upload:REFERENCE``, ``file``, ``import:NAME``."""
    external_id = models.CharField(_("foreign id"), max_length=200, blank=True)
    sha256 = models.BinaryField(max_length=32, null=True, editable=False)
    pixels = models.BinaryField(max_length=32, null=True, editable=False)
    """Digest of the canonical decoded pixels; empty for an imported hash."""
    flat = models.BooleanField(_("flat"), default=False, editable=False)
    exact_only = models.BooleanField(_("exact copies only"), default=False)
    radii = models.JSONField(_("own radii"), default=None, null=True, blank=True)
    """Like :attr:`Blocklist.radii`, for this entry alone."""
    suspended = models.BooleanField(_("suspended to hold"), default=False)

    class Local(models.TextChoices):
        OFF = "off", _("off")
        HOLD = "hold", _("hold: a moderator decides")

    local = models.CharField(
        _("crops, rotations, collages"),
        max_length=5,
        choices=Local,
        blank=True,
        default="",
        db_default="",
        help_text=_("Less than what its list lets the second tier do; empty: as the list says."),
    )
    evidence = models.CharField(max_length=200, blank=True, editable=False)
    """Name in quarantine of the re-encoded still."""
    nearest = models.ForeignKey(
        "self", models.SET_NULL, null=True, blank=True, editable=False, related_name="near_copies"
    )
    """The active entry that this one was a near copy of."""
    revision = models.BigIntegerField(_("since revision"), editable=False)
    retired_revision = models.BigIntegerField(_("retired at revision"), null=True, blank=True, editable=False)
    created_at = models.DateTimeField(_("banned"), default=timezone.now, editable=False)
    retired_at = models.DateTimeField(_("retired"), null=True, blank=True, editable=False)
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    created_by = models.CharField(max_length=64, blank=True, editable=False)
    legal_hold = models.BooleanField(
        _("legal hold"), default=False, help_text=_("Its evidence is not purged while this is set.")
    )

    objects = BannedImageQuerySet.as_manager()

    class Meta:
        verbose_name = _("banned image")
        verbose_name_plural = _("banned images")
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(retired_at__isnull=True, retired_revision__isnull=True)
                | models.Q(retired_at__isnull=False, retired_revision__isnull=False),
                name="moderation_banned_retired",
            )
        ]
        indexes = [
            models.Index(
                fields=["sha256"],
                condition=is_active(),
                name="moderation_banned_sha256",
            ),
            models.Index(
                fields=["pixels"],
                condition=is_active(),
                name="moderation_banned_pixels",
            ),
            models.Index(
                fields=["retired_revision"],
                condition=models.Q(retired_revision__isnull=False),
                name="moderation_banned_gone",
            ),
            models.Index(
                fields=["expires_at"],
                condition=models.Q(retired_revision__isnull=True, expires_at__isnull=False),
                name="moderation_banned_expiry",
            ),
            models.Index(fields=["blocklist", "retired_revision"], name="moderation_banned_list"),
            # How far to search depends on the few entries with radii of their own; no scan for them.
            models.Index(
                fields=["blocklist"],
                condition=models.Q(retired_revision__isnull=True, radii__isnull=False),
                name="moderation_banned_radii",
            ),
        ]

    def __str__(self) -> str:
        return self.label or f"#{self.pk}"

    @property
    def active(self) -> bool:
        """Whether it takes part in screening."""
        return self.retired_revision is None


class FingerprintQuerySet(models.QuerySet["Fingerprint"]):
    """Codes of entries."""

    def active(self) -> FingerprintQuerySet:
        """Return those of entries that take part in screening."""
        return self.filter(is_active("banned__"))


class Fingerprint(models.Model):
    """One code of a banned image."""

    banned = models.ForeignKey(BannedImage, models.CASCADE, related_name="fingerprints")
    algorithm = models.CharField(max_length=24)
    """With its version: ``dhash256/1``."""
    bits = models.BinaryField(max_length=64)
    variant = models.CharField(max_length=80, blank=True)
    revision = models.BigIntegerField(validators=[MinValueValidator(0)])
    """When it began to count; an index catches up by this."""

    objects = FingerprintQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["revision"], name="moderation_fingerprint_rev"),
            models.Index(fields=["algorithm", "bits"], name="moderation_fingerprint_bits"),
        ]

    def __str__(self) -> str:
        return f"{self.algorithm} of entry {self.banned_id}"
