"""Django's handle on the host application."""

from __future__ import annotations

from django.apps import AppConfig


class AvatarsConfig(AppConfig):
    """Profiles with an avatar, and the pages around them."""

    name = "avatars"
    verbose_name = "Members"
    default_auto_field = "django.db.models.BigAutoField"
