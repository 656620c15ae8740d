"""What several pages show: a member's picture, and how many notices are unread."""

from __future__ import annotations

from typing import Any

from django import template
from django.contrib.auth.models import AnonymousUser, User

from avatars.members import profile_of
from avatars.models import Profile
from moderation import api

register = template.Library()


@register.inclusion_tag("avatars/parts/avatar.html")
def avatar(profile: Profile, size: str = "m", decorative: bool = False) -> dict[str, Any]:
    """Show a member's picture, or the placeholder. ``decorative``: the name stands beside it."""
    return {"profile": profile, "size": size, "decorative": decorative}


@register.simple_tag
def unread_notices(user: User | AnonymousUser) -> int:
    """Return how many notices the user has not seen."""
    return len(api.notices_for(user, unread_only=True)) if user.is_authenticated else 0


@register.simple_tag
def own_profile(user: User | AnonymousUser) -> Profile | None:
    """Return the signed-in member's profile."""
    return profile_of(user) if user.is_authenticated else None
