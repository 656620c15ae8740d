"""What members and visitors say about a public picture."""

from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from moderation.models.records import PersonalData
from moderation.models.uploads import Upload


class Report(models.Model):
    """A public picture that a member or a visitor wants to be looked at, with a sentence, and what came of it."""

    class Status(models.TextChoices):
        OPEN = "open", _("open")
        ACTED = "acted", _("taken down")
        KEPT = "kept", _("left as it is")
        GONE = "gone", _("removed by its owner")

    reference = models.CharField(_("reference"), max_length=12, unique=True, editable=False)
    """With it whoever reported reads the answer, also without an account."""
    upload = models.ForeignKey(Upload, models.PROTECT, related_name="reports", verbose_name=_("upload"))
    personal = models.ForeignKey(PersonalData, models.PROTECT, null=True, editable=False, related_name="+")
    """Who reported, empty for a visitor, and in which words; can be erased."""
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.OPEN)
    created_at = models.DateTimeField(_("reported"), default=timezone.now)
    answered_at = models.DateTimeField(_("answered"), null=True, blank=True)

    class Meta:
        verbose_name = _("report")
        verbose_name_plural = _("reports")
        ordering = ["id"]
        indexes = [
            models.Index(fields=["status", "id"], name="moderation_report_status"),
            models.Index(fields=["created_at"], name="moderation_report_when"),
        ]

    def __str__(self) -> str:
        return self.reference

    @property
    def text(self) -> str:
        """What was said; empty where it is erased."""
        return self.personal.text if self.personal else ""
