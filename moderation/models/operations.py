"""What running the installation needs: signs of life of its workers, and how much each uploader sends."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Heartbeat(models.Model):
    """The last sign of life of one process that screens."""

    name = models.CharField(_("process"), max_length=200, primary_key=True)
    """Machine and process number."""
    revision = models.BigIntegerField(_("revision held"))
    """Of the process's index."""
    database_revision = models.BigIntegerField(_("revision then"))
    """That the database had when this was written: equal, unless the index cannot follow."""
    codes = models.BigIntegerField(_("codes held"), default=0)
    fault = models.CharField(_("fault"), max_length=40, blank=True)
    """Why the process would not find a banned picture; empty where its self-test passed."""
    written_at = models.DateTimeField(_("written"), db_index=True)
    """In database time."""

    class Meta:
        verbose_name = _("heartbeat")
        verbose_name_plural = _("heartbeats")
        ordering = ["-written_at"]

    def __str__(self) -> str:
        return f"{self.name} at revision {self.revision}"


class UploadAllowance(models.Model):
    """How much one uploader has sent in the running minute; forgotten when it is over."""

    owner_type = models.CharField(max_length=100)
    owner_id = models.CharField(max_length=64)
    window_until = models.DateTimeField(db_index=True)
    """In database time."""
    taken = models.PositiveIntegerField(default=0)
    decoder_ms = models.PositiveIntegerField(default=0)
    """What the decoder spent on this uploader's files, in milliseconds; see ``services.uploads.queue``."""

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["owner_type", "owner_id"], name="moderation_one_allowance")
        ]

    def __str__(self) -> str:
        return f"{self.taken} until {self.window_until}"
