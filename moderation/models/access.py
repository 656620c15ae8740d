"""Who asks over HTTP: keys of other servers, and what they have asked already."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class ApiKey(models.Model):
    """What another server shows instead of a password; only a digest of it is kept."""

    class Scope(models.TextChoices):
        SCREEN = "screen", _("screen: ask for a verdict, nothing is stored")
        UPLOAD = "upload", _("upload: submit pictures, follow and withdraw them")
        MATCH = "match", _("match: hash pictures and look hashes up")
        CURATE = "curate", _("curate: ban, read entries and decisions")
        LOWER = "lower", _("lower: withdraw bans")

    name = models.CharField(_("name"), max_length=100, unique=True)
    prefix = models.CharField(_("prefix"), max_length=12, unique=True, editable=False)
    """The part of the key that is shown, and by which it is found."""
    digest = models.BinaryField(max_length=32, editable=False)
    """SHA-256 of the whole key. A key is random, so nothing slower is needed."""
    tenant = models.SlugField(
        _("tenant"),
        max_length=20,
        blank=True,
        help_text=_("Whose uploads and blocklists it may touch; empty: those of this site."),
    )
    scopes = models.JSONField(_("scopes"), default=list)
    per_minute = models.PositiveIntegerField(
        _("requests a minute"), default=600, help_text=_("Above it the answer is 429; 0 for no limit.")
    )
    created_at = models.DateTimeField(_("made"), default=timezone.now, editable=False)
    created_by = models.CharField(max_length=64, blank=True, editable=False)
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("withdrawn"), null=True, blank=True, editable=False)
    revoked_by = models.CharField(max_length=64, blank=True, editable=False)
    last_used_at = models.DateTimeField(_("last used"), null=True, blank=True, editable=False)
    """To the minute."""

    class Meta:
        verbose_name = _("API key")
        verbose_name_plural = _("API keys")
        ordering = ["name"]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    token = ""
    """The key itself, on the instance that was just made; never stored."""

    @property
    def actor_id(self) -> str:
        """Return how the history names whoever acts with this key."""
        return f"key:{self.prefix}"


class IdempotentRequest(models.Model):
    """A request that was sent with an ``Idempotency-Key``, and its answer: the same key gets it again."""

    DAYS: ClassVar = 1
    """That an answer is kept."""

    api_key = models.ForeignKey(ApiKey, models.CASCADE, related_name="+")
    key = models.CharField(max_length=255)
    digest = models.BinaryField(max_length=32)
    """SHA-256 of method, address and body: another request with the same key is refused."""
    status = models.PositiveSmallIntegerField(null=True)
    """Of the answer; null while the request is worked on."""
    answer = models.JSONField(default=dict)
    created_at = models.DateTimeField(db_index=True)
    """In database time."""

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["api_key", "key"], name="moderation_one_request_per_key")
        ]

    def __str__(self) -> str:
        return f"{self.key} of key {self.api_key_id}"
