"""What a member shows of themselves."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from moderation.fields import ModeratedImageField

TONES = 6
"""How many colours the placeholder of a member without a picture can have (see site.css)."""


class Profile(models.Model):
    """One member's page. ``avatar`` is written by the moderation service alone, on approval and on
    take-down: no form here has that column."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="profile")
    display_name = models.CharField(max_length=60, blank=True)
    about = models.TextField(max_length=500, blank=True)
    listed = models.BooleanField("show me among the members", default=True)
    avatar = ModeratedImageField(
        upload_to="avatars/", blank=True, editable=False, owner="user", max_length=200
    )

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """What others call this member."""
        return self.display_name or self.user.get_username()

    @property
    def initials(self) -> str:
        """One or two letters for the placeholder."""
        words = [word for word in self.name.split() if word[0].isalnum()]
        letters = words[0][0] + words[-1][0] if len(words) > 1 else self.name[:1]
        return letters.upper()

    @property
    def tone(self) -> int:
        """The placeholder's colour, the same on every page."""
        return (self.pk or 0) % TONES
