"""What Hasher-Matcher-Actioner knows of a blocklist and its entries, and this filter does not."""

from __future__ import annotations

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from moderation.models.blocklist import BannedImage, Blocklist


class Bank(models.Model):
    """A blocklist as clients of Hasher-Matcher-Actioner see it. Deleting a bank deletes this row alone."""

    blocklist = models.OneToOneField(Blocklist, models.PROTECT, primary_key=True, related_name="bank")
    tenant = models.SlugField(max_length=20, blank=True, default="", db_index=False)
    name = models.CharField(max_length=100)
    """``UPPER_WITH_UNDERSCORE``; may change, which a blocklist's short name may not."""
    enabled_ratio = models.FloatField(default=1.0, validators=[MinValueValidator(0), MaxValueValidator(1)])
    """Share of look-ups in which it is named. It does not touch screenings."""

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["tenant", "name"], name="moderation_bank_name"),
        ]

    def __str__(self) -> str:
        return self.name


class BankContent(models.Model):
    """What a client said of an entry of a bank; none of it touches screenings."""

    banned = models.OneToOneField(BannedImage, models.CASCADE, primary_key=True, related_name="bank_content")
    disabled_until = models.BigIntegerField(default=0)
    """Seconds since 1970; look-ups do not name the entry before."""
    note = models.CharField(max_length=255, blank=True)
    metadata = models.JSONField(default=dict)

    def __str__(self) -> str:
        return f"content {self.banned_id}"
