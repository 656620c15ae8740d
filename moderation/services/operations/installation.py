"""What every installation has after ``migrate``: a revision, two lists, three groups, the triggers."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.db import router

from moderation.models import Blocklist, Revision
from moderation.services.history import baseline, triggers
from moderation.services.revision import database

READ = (
    "view_upload",
    "view_private_media",
    "view_blocklist",
    "view_bannedimage",
    "view_screening",
    "view_match",
    "view_decision",
    "view_refusal",
    "view_blocklistchange",
    "view_appeal",
    "view_report",
    "view_rescan",
)
FLAG = ("add_bannedimage", "decide_upload", "change_appeal", "change_report")
GROUPS = {
    "Auditors": (*READ, "export_audit"),
    "Moderators": READ + FLAG,
    "Senior moderators": (
        *READ,
        *FLAG,
        "export_audit",
        "add_blocklist",
        "change_blocklist",
        "change_bannedimage",
        "lower_shield",
        "change_rescan",
    ),
}
"""Group → permissions that it is given; what an installation adds itself is left alone."""


def prepare(*, using: str, plan: Any = None, **_kwargs: Any) -> None:
    """Prepare the database after each ``migrate``; safe to repeat."""
    if using != database() or not router.allow_migrate_model(using, Revision):
        return
    Revision.objects.using(using).get_or_create(pk=1)
    Blocklist.objects.using(using).get_or_create(slug="default", defaults={"name": "Default"})
    Blocklist.objects.using(using).get_or_create(
        slug="allowlist", defaults={"name": "Allowlist", "action": Blocklist.Action.ALLOW}
    )
    triggers.install()
    if plan is not None:
        # Not after a flush, which empties the history.
        baseline.after_migrate()
    if apps.is_installed("django.contrib.auth"):
        _groups(using)


def _groups(using: str) -> None:
    from django.contrib.auth.management import create_permissions
    from django.contrib.auth.models import Group, Permission

    # Our post_migrate may run before the one of django.contrib.auth that makes permissions.
    create_permissions(apps.get_app_config("moderation"), verbosity=0, using=using)
    for name, codenames in GROUPS.items():
        group, _ = Group.objects.using(using).get_or_create(name=name)
        group.permissions.add(
            *Permission.objects.using(using).filter(
                content_type__app_label="moderation", codename__in=codenames
            )
        )
