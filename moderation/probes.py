"""Addresses for machines: alive, ready, metrics."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from moderation.services import health


@never_cache
@require_safe
def healthz(_request: HttpRequest) -> HttpResponse:
    """This process answers. Asks nothing of anybody else: a database that is away is no reason to
    restart a web server."""
    return JsonResponse({"alive": True})


@never_cache
@require_safe
def readyz(_request: HttpRequest) -> HttpResponse:
    """200 where an upload would be taken and judged; 503 with the reasons, in short codes, where not."""
    found = health.readiness()
    checks = {name: fault or "ok" for name, fault in found.checks.items()}
    return JsonResponse(
        {
            "ready": found.ready,
            "checks": checks,
            "reasons": [fault for fault in found.checks.values() if fault],
        },
        status=200 if found.ready else 503,
    )
