"""When the database or the disk is away the answer is 503, "back in a moment", and not our mistake."""

from __future__ import annotations

import errno
import sys

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.defaults import server_error

RETRY_AFTER = "5"
"""Seconds."""
FULL = {errno.ENOSPC, errno.EDQUOT, errno.EROFS}


def is_outage(error: BaseException | None) -> bool:
    """Return whether the same request can succeed later, with the code as it is."""
    if isinstance(error, OSError):
        return error.errno in FULL
    return isinstance(error, OperationalError | InterfaceError)


def handler500(request: HttpRequest) -> HttpResponse:
    """Answer errors of views and of middleware alike, for ``handler500`` of the URLs."""
    if not is_outage(sys.exc_info()[1]):
        return server_error(request)
    # The template asks nothing of the database: no user, no session.
    response = render(None, "503.html", status=503)  # None: without context processors
    response["Retry-After"] = RETRY_AFTER
    response["Cache-Control"] = "no-store"
    return response
