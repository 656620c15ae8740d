"""Models of a host that the suite protects: an owner that is no user, two pictures on one row."""

from __future__ import annotations

from django.db import models
from imagekit.models import ImageSpecField
from imagekit.processors import ResizeToFill

from moderation.fields import ModeratedImageField


def by_keeper(pet: Pet, filename: str) -> str:
    """Return a callable ``upload_to`` that looks at its instance."""
    return f"keepers/{pet.keeper_id}/{filename}"


class Keeper(models.Model):
    """An uploader that is no user."""

    name = models.CharField(max_length=50)

    def __str__(self) -> str:
        return self.name


class Pet(models.Model):
    """Two moderated pictures on one row."""

    keeper = models.ForeignKey(Keeper, models.CASCADE)
    name = models.CharField(max_length=50, default="Rex")
    portrait = ModeratedImageField(
        upload_to=by_keeper,
        width_field="portrait_width",
        height_field="portrait_height",
        owner="keeper",
        blank=True,
    )
    portrait_width = models.PositiveIntegerField(null=True, editable=False)
    portrait_height = models.PositiveIntegerField(null=True, editable=False)
    banner = ModeratedImageField(
        upload_to="banners/%Y", owner="keeper", null=True, blank=True, send_post_save=True
    )
    small_banner = ImageSpecField(source="banner", processors=[ResizeToFill(50, 50)], format="JPEG")

    def __str__(self) -> str:
        return self.name


class Badge(models.Model):
    """A picture whose owner may be missing."""

    keeper = models.ForeignKey(Keeper, models.SET_NULL, null=True, blank=True)
    picture = ModeratedImageField(upload_to="badges/", owner="keeper")

    def __str__(self) -> str:
        return f"badge {self.pk}"
