"""One upload of one's own: has it been decided, and may it be looked at again?"""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from avatars.forms import ReviewForm
from avatars.members import profile_of, signed_in
from moderation import api
from moderation.exceptions import AppealRefused


@login_required
@never_cache
@require_safe
def status(request: HttpRequest, reference: str) -> JsonResponse:
    """Return how an upload of one's own stands: ``status``, ``final``, ``message``, and the ``panel`` of the profile
    page as HTML, so that the words are written once. 404 for everybody else."""
    upload = own_upload(request, reference)
    own = profile_of(signed_in(request))
    panel = render_to_string("avatars/parts/panel.html", {"profile": own, "upload": upload}, request=request)
    return JsonResponse(
        {
            "reference": upload.reference,
            "status": upload.status,
            "final": upload.status != "pending",
            "message": upload.message,
            "url": upload.url,
            "panel": panel,
        }
    )


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def review(request: HttpRequest, reference: str) -> HttpResponse:
    """Ask for a review, once: 409 where that is not possible (any more)."""
    upload = own_upload(request, reference)
    form = ReviewForm(request.POST or None)
    code = 200
    if request.method == "POST" and form.is_valid():
        try:
            api.ask_for_review(upload.reference, owner=signed_in(request), text=form.cleaned_data["text"])
        except AppealRefused as refusal:
            messages.error(request, str(refusal))
            upload, code = own_upload(request, reference), 409
        else:
            messages.success(
                request, "Thank you. A moderator will look at it again, and you will find the answer here."
            )
            return redirect("avatars:notices")
    elif form.is_bound:
        code = 422
    return render(request, "avatars/review.html", {"form": form, "upload": upload}, status=code)


def own_upload(request: HttpRequest, reference: str) -> api.UploadStatus:
    """Return the signed-in member's upload. Others' uploads do not exist for them."""
    upload = api.upload_status(reference, owner=signed_in(request))
    if upload is None:
        raise Http404("You have no upload with this reference.")
    return upload
