"""A host's app, as small as they come."""

from django.apps import AppConfig


class HostSiteConfig(AppConfig):
    """Installed for the suite only."""

    name = "tests.hostsite"
    label = "hostsite"
    default_auto_field = "django.db.models.BigAutoField"
