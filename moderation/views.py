"""Private media: pictures that are not published, for those who may see them."""

from __future__ import annotations

from django.contrib.auth.decorators import permission_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from moderation import storage
from moderation.exceptions import PictureMissing, SandboxFailure
from moderation.models import BanDraft, BannedImage, Match, Upload
from moderation.services.desk import overlay

TYPES = {"jpg": "image/jpeg", "png": "image/png", "webp": "image/webp"}
CSP = "default-src 'none'; style-src 'unsafe-inline'; sandbox"


@require_safe
@permission_required("moderation.view_private_media", raise_exception=True)
def upload_picture(_request: HttpRequest, pk: int) -> HttpResponse:
    """Return the clean re-encoding of an upload, whatever its status; never the bytes as they came."""
    return _private(get_object_or_404(Upload, pk=pk).reencoded)


@require_safe
@permission_required("moderation.view_private_media", raise_exception=True)
def evidence_picture(_request: HttpRequest, pk: int) -> HttpResponse:
    """Return the still that is kept of a banned image."""
    return _private(get_object_or_404(BannedImage, pk=pk).evidence)


@require_safe
@permission_required("moderation.view_private_media", raise_exception=True)
def overlay_picture(_request: HttpRequest, pk: int) -> HttpResponse:
    """Draw where an upload shows a banned image: what a match of the second tier rested on."""
    match = get_object_or_404(Match.objects.select_related("screening"), pk=pk)
    try:
        data = overlay.of_match(match=match, upload=get_object_or_404(Upload, pk=match.screening.upload_id))
    except (SandboxFailure, PictureMissing) as error:
        raise Http404("The picture cannot be laid over now.") from error
    if data is None:
        raise Http404("What this match rested on is not kept any more.")
    return _guarded(data, "image/png")


def _private(name: str) -> HttpResponse:
    content_type = TYPES.get(name.rpartition(".")[2])
    if not name or content_type is None:
        raise Http404("No picture is kept.")
    try:
        data = storage.read(storage.quarantine(), name)
    except FileNotFoundError as error:
        raise Http404("The picture is gone.") from error
    return _guarded(data, content_type)


def _guarded(data: bytes, content_type: str) -> HttpResponse:
    response = HttpResponse(data, content_type=content_type)
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = CSP
    response["Content-Disposition"] = "inline; filename=picture"
    response["Cache-Control"] = "private, no-store"
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    return response


@require_safe
@permission_required(("moderation.view_private_media", "moderation.add_bannedimage"), raise_exception=True)
def draft_picture(_request: HttpRequest, pk: int) -> HttpResponse:
    """Return the still of a picture that a moderator is about to ban."""
    return _private(get_object_or_404(BanDraft, pk=pk).picture)
