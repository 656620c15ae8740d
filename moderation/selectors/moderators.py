"""Who may do what, where a rule is about people and not about the one who asks."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.backends import ModelBackend
from django.core.exceptions import ValidationError
from django.db.models import QuerySet

LOWER_SHIELD = "moderation.lower_shield"


def may_lower(actor_id: str) -> bool:
    """Return whether this account may lower the shield now."""
    try:
        user = get_user_model()._default_manager.filter(pk=actor_id).first()
    except (ValueError, ValidationError):
        return False
    return user is not None and user.is_active and user.has_perm(LOWER_SHIELD)


def others_who_lower(actor_id: str) -> QuerySet[Any]:
    """Return the other active accounts on the desk that may, superusers too, by Django's own permissions."""
    found: QuerySet[Any] = ModelBackend().with_perm(LOWER_SHIELD)
    return found.filter(is_staff=True).exclude(pk=actor_id)
