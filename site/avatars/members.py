"""Which members there are, and who may see them."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import Case, QuerySet, Value, When
from django.http import HttpRequest

from avatars.models import Profile


def signed_in(request: HttpRequest) -> User:
    """Return the member behind a request, for views behind ``login_required``."""
    if not request.user.is_authenticated:
        raise PermissionDenied
    return request.user


def profile_of(user: User) -> Profile:
    """Return the user's profile, made on first sight (accounts may come from ``createsuperuser``)."""
    profile = Profile.objects.get_or_create(user=user)[0]
    profile.user = user
    return profile


def listed_profiles() -> QuerySet[Profile]:
    """Return the profiles on the members' page, those with a picture first, then the newest."""
    without_picture_last = Case(When(avatar="", then=Value(1)), default=Value(0))
    return (
        Profile.objects.select_related("user")
        .filter(listed=True, user__is_active=True)
        .order_by(without_picture_last, "-pk")
    )
