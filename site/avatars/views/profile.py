"""A member's own page: the picture, its status, and the form for everything."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from avatars.forms import ProfileForm
from avatars.members import profile_of, signed_in
from avatars.models import Profile
from avatars.pictures import send_picture
from avatars.upload_limits import upload_limits
from avatars.uploads import capped_uploads
from moderation import api

TAKEN = {
    "approved": "Saved. Your new picture is live.",
    "pending": "Saved. Your new picture is being checked.",
    "held": "Saved. A moderator will look at your new picture.",
}


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@capped_uploads
def profile(request: HttpRequest) -> HttpResponse:
    """Show the page, or take the form: 400 where the door refuses the picture, 422 where screening
    rejects it or a text does not fit. The texts are saved before the picture is sent, so that no
    answer about the picture loses them."""
    user = signed_in(request)
    own = profile_of(user)
    if request.method != "POST":
        return page(request, ProfileForm(instance=own), own)
    if "about" not in request.POST:
        # A form whose end was lost on the way: taken as it came, it would empty the texts.
        raise BadRequest("The form is incomplete.")
    form = ProfileForm(request.POST, request.FILES, instance=own)
    if not form.is_valid():
        return page(request, form, profile_of(user), status=422)
    form.save()
    picture = form.cleaned_data["picture"]
    if picture is None:
        messages.success(request, "Saved.")
        return redirect("avatars:profile")
    answer = send_picture(picture, profile=own, address=request.META.get("REMOTE_ADDR", ""))
    if answer.problem:
        form.add_error("picture", answer.problem)
        response = page(request, form, own, status=answer.http)
        if answer.retry_after:
            response["Retry-After"] = str(answer.retry_after)
        return response
    if answer.upload is not None:
        messages.success(request, TAKEN.get(answer.upload.status, "Saved."))
    return redirect("avatars:profile")


@login_required
@require_POST
def remove_picture(request: HttpRequest) -> HttpResponse:
    """Take one's picture away, also one that still waits for its verdict."""
    own = profile_of(signed_in(request))
    api.withdraw(own, "avatar")
    messages.success(request, "Your picture was removed.")
    return redirect("avatars:profile")


def page(request: HttpRequest, form: ProfileForm, own: Profile, *, status: int = 200) -> HttpResponse:
    """Render a member's own page."""
    context = {
        "form": form,
        "profile": own,
        "upload": api.status_of(own, "avatar"),
        "news": [] if form.errors else api.notices_for(own.user, unread_only=True)[:3],
        "limits": upload_limits(),
        "status": status,
    }
    return render(request, "avatars/profile.html", context, status=status)
