"""Every request counted, by key, address and status."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from moderation.http.keys import key_name
from moderation.services import metrics


def counted(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Count what a view answers; what it raises is a 500."""

    @wraps(view)
    def counting(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        started, status = time.perf_counter(), 500
        try:
            response = view(request, *args, **kwargs)
            status = response.status_code
            # Verdicts and keys are nobody's to keep on the way.
            response.headers.setdefault("Cache-Control", "no-store")
            return response
        finally:
            route = request.resolver_match.route if request.resolver_match else ""
            metrics.api_request(
                key_name(request), f"{request.method} /{route}", status, seconds=time.perf_counter() - started
            )

    return counting
