"""Receiving a file: no more of it is kept than is needed to say that it is too large."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt, csrf_protect

from avatars.upload_limits import upload_limits

UNREAD_FACTOR = 5
"""A request this many times larger than the largest picture is answered without reading it."""

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]


class CappedUploadHandler(FileUploadHandler):
    """Keeps the first ``cap`` bytes of a file (and the rest of that chunk), drops what follows.

    The shortened file is still longer than what the door takes, so the door itself refuses it, with
    its own words and its own audit row, and the other fields of the form arrive as they were typed.
    """

    def __init__(self, request: HttpRequest, *, cap: int) -> None:
        super().__init__(request)
        self.cap = cap

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes | None:
        """Return ``None`` to keep the chunk from the handlers behind this one, which do the storing."""
        return raw_data if start < self.cap else None

    def file_complete(self, file_size: int) -> UploadedFile[Any] | None:
        """Leave the file to the handlers behind this one."""
        return None


def capped_uploads(view: View[P]) -> View[P]:
    """Put :class:`CappedUploadHandler` before the configured handlers.

    The CSRF check reads the form, and handlers cannot be changed after that: so the outer view is
    exempt, and the inner one protected.
    """
    protected = csrf_protect(view)

    @csrf_exempt
    @wraps(view)
    def capped(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        limit = upload_limits()
        if declared_length(request) > UNREAD_FACTOR * limit.max_bytes:
            return render(request, "avatars/too_large.html", {"limits": limit}, status=413)
        request.upload_handlers.insert(0, CappedUploadHandler(request, cap=limit.max_bytes + 1))
        return protected(request, *args, **kwargs)

    return capped


def declared_length(request: HttpRequest) -> int:
    """Return what the client says that it sends, in bytes; 0 where it says nothing sensible."""
    text: Any = request.META.get("CONTENT_LENGTH") or "0"
    return int(text) if str(text).isdecimal() else 0
