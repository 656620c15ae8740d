"""Addresses for machines: alive, ready, metrics."""

from __future__ import annotations

import ipaddress
import secrets

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from moderation.conf import get_settings
from moderation.exceptions import MetricsUnavailable
from moderation.services.operations import exposition, health


@never_cache
@require_safe
def healthz(_request: HttpRequest) -> HttpResponse:
    """Answer that this process is alive. Asks nothing of others: a database that is away is no reason to restart a
    web server."""
    return JsonResponse({"alive": True})


@never_cache
@require_safe
def readyz(_request: HttpRequest) -> HttpResponse:
    """Answer 200 where an upload would be taken and judged; 503 with the reasons, in short codes, where not."""
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


PROXIED = ("HTTP_X_FORWARDED_FOR", "HTTP_FORWARDED", "HTTP_X_REAL_IP", "HTTP_VIA")
"""A request came through a proxy on this machine, whose address is all that is seen then."""


@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Answer Prometheus: with ``Authorization: Bearer`` and ``MODERATION["METRICS_TOKEN"]``, or, where no token is
    set, from this machine alone. 403 for others, 501 without the extra ``metrics``."""
    if not _may_read(request):
        return HttpResponse("Metrics are not for you.\n", status=403, content_type="text/plain")
    try:
        text, content_type = exposition.exposition()
    except MetricsUnavailable as error:
        return HttpResponse(f"{error}\n", status=501, content_type="text/plain")
    return HttpResponse(text, content_type=content_type)


def _may_read(request: HttpRequest) -> bool:
    token = get_settings().metrics_token
    if token:
        given = request.headers.get("Authorization", "")
        return secrets.compare_digest(given.encode(), f"Bearer {token}".encode())
    if any(request.META.get(name) for name in PROXIED):
        return False
    try:
        return ipaddress.ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False
