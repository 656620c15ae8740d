"""A member or a visitor reports a picture, and reads what came of it."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from avatars.forms import ReportForm
from avatars.members import listed_profiles
from moderation import api
from moderation.exceptions import ReportRefused, TooManyUploads


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def report(request: HttpRequest, username: str) -> HttpResponse:
    """Take a report of a member's picture: 409 where it is not shown (any more), 429 after too many."""
    profile = get_object_or_404(listed_profiles(), user__username=username)
    form = ReportForm(request.POST or None)
    code = 200
    if request.method == "POST" and form.is_valid():
        try:
            found = api.report_picture(
                profile,
                "avatar",
                text=form.cleaned_data["text"],
                reporter=request.user if request.user.is_authenticated else None,
                address=request.META.get("REMOTE_ADDR", ""),
            )
        except ReportRefused as refusal:
            messages.error(request, str(refusal))
            code = 409
        except TooManyUploads as refusal:
            messages.error(request, str(refusal))
            code = 429
        else:
            messages.success(
                request, "Thank you. A moderator will look at it, and you will find the answer here."
            )
            return redirect("avatars:report_answer", reference=found.reference)
    elif form.is_bound:
        code = 422
    return render(request, "avatars/report.html", {"form": form, "profile": profile}, status=code)


@never_cache
@require_safe
def report_answer(request: HttpRequest, reference: str) -> HttpResponse:
    """Show what became of a report, to whoever has its reference."""
    found = api.report_status(reference)
    if found is None:
        raise Http404("There is no report with this reference.")
    return render(request, "avatars/report_answer.html", {"report": found})
