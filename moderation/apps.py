"""The app."""

from __future__ import annotations

from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class ModerationConfig(AppConfig):
    """Connects what must run after migrations and after requests."""

    name = "moderation"
    verbose_name = _("Image moderation")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from moderation import checks  # noqa: F401
        from moderation.dispatch import housekeeping
        from moderation.services.operations import installation

        post_migrate.connect(installation.prepare, sender=self, dispatch_uid="moderation.installation")
        housekeeping.connect()
