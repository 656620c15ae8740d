"""What moderation had to say to a member."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from avatars.members import signed_in
from moderation import api

PER_PAGE = 20


@login_required
@never_cache
@require_safe
def notices(request: HttpRequest) -> HttpResponse:
    """Show every notice, newest first. Seeing the page is what marks them read; this answer still shows which ones
    were new."""
    member = signed_in(request)
    everything = api.notices_for(member)
    shown = Paginator(everything, PER_PAGE).get_page(request.GET.get("page"))
    response = render(request, "avatars/notices.html", {"notices": shown})
    if request.method == "GET" and any(not notice.read for notice in everything):
        api.mark_notices_read(member)
    return response
