"""``/h/hash``."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from pydantic import BaseModel

from moderation.http.hma import media, remote
from moderation.http.hma.answering import query, view
from moderation.models import ApiKey


class UrlQuery(BaseModel):
    """A picture elsewhere."""

    url: str
    content_type: str | None = None
    types: str | None = None


def by_url(request: HttpRequest) -> HttpResponse:
    """Hash a picture elsewhere."""
    given = query(request, UrlQuery)
    data = remote.picture(given.url, content_type=given.content_type, types=given.types)
    return JsonResponse({media.PDQ: media.hash_of(data)})


def by_file(request: HttpRequest) -> HttpResponse:
    """Hash the file of a form."""
    return JsonResponse({media.PDQ: media.hash_of(media.picture_of_form(request))})


hash_view = view(ApiKey.Scope.MATCH, get=by_url, post=by_file)
