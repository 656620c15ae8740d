"""What visitors see: the members, and each one's page."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from avatars.members import listed_profiles

PER_PAGE = 24


@require_safe
def members(request: HttpRequest) -> HttpResponse:
    """Show every listed member."""
    profiles = Paginator(listed_profiles(), PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "avatars/members.html", {"profiles": profiles})


@require_safe
def member(request: HttpRequest, username: str) -> HttpResponse:
    """Show one listed member; 404 for those who chose not to be."""
    profile = get_object_or_404(listed_profiles(), user__username=username)
    return render(request, "avatars/member.html", {"profile": profile})
