"""What stands before every view: where a request comes from, how often it may come, how much it may bring.

A web server in front of this (docs/how-to/operate.md) bounds connections, headers and slow clients;
these bounds hold without one, too.
"""

from __future__ import annotations

import ipaddress
import math
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django_ratelimit.core import get_usage

from avatars.uploads import UNREAD_FACTOR
from moderation import api
from moderation.forms.bans import MOST_FILES

GetResponse = Callable[[HttpRequest], HttpResponseBase]

MEBIBYTE = 1024 * 1024
ANONYMOUS_BYTES = MEBIBYTE
"""What a visitor who is not signed in may send: no form of theirs holds a file."""
THROTTLES: dict[str, tuple[tuple[str, str], ...]] = {
    "login": (("ip", "20/m"), ("post:username", "60/h")),
    "admin:login": (("ip", "20/m"), ("post:username", "60/h")),
    "password_reset": (("ip", "5/m"), ("post:email", "5/h")),
    "avatars:sign_up": (("ip", "10/m"), ("ip", "60/h")),
    "avatars:review": (("user_or_ip", "10/m"),),
    "avatars:report": (("user_or_ip", "5/m"), ("user_or_ip", "30/h")),
}
"""Name of an address → who is counted, and how many POST requests they may send. Repeated failures to
sign in are django-axes' business; this bounds the processor time that passwords cost."""


class ClientAddress:
    """Middleware: take the client's address from ``X-Forwarded-For``, where trusted proxies wrote it.

    ``TRUSTED_PROXIES`` lists networks. The header is read from its end, as that is what the nearest
    proxy wrote, up to the first address that is no trusted proxy. Without the setting it is ignored.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        self.trusted = [ipaddress.ip_network(text) for text in settings.TRUSTED_PROXIES]

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if self.trusted:
            request.META["REMOTE_ADDR"] = self._client_of(request)
        return self.get_response(request)

    def _client_of(self, request: HttpRequest) -> str:
        nearest = str(request.META.get("REMOTE_ADDR", ""))
        hops = [hop.strip() for hop in str(request.META.get("HTTP_X_FORWARDED_FOR", "")).split(",")]
        while hops and self._is_trusted(nearest) and _is_address(hops[-1]):
            nearest = hops.pop()
        return nearest

    def _is_trusted(self, text: str) -> bool:
        return _is_address(text) and any(ipaddress.ip_address(text) in network for network in self.trusted)


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


class Throttle:
    """Middleware: answer 429 with ``Retry-After`` where :data:`THROTTLES` says that it is too often."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *_view: Any) -> HttpResponse | None:
        """Count a POST request."""
        name = request.resolver_match.view_name if request.resolver_match else ""
        usages = [
            # Both pages for signing in count together.
            get_usage(
                request, group=name.rpartition(":")[2], key=key, rate=rate, method="POST", increment=True
            )
            for key, rate in THROTTLES.get(name, ())
        ]
        waits = [usage["time_left"] for usage in usages if usage and usage["should_limit"]]
        if not waits:
            return None
        response = render(request, "avatars/too_often.html", status=429)
        response["Retry-After"] = str(max(1, math.ceil(max(waits))))
        response["Cache-Control"] = "no-store"
        return response


class BoundedBody:
    """Middleware: refuse a body that is too large for whoever sends it, before any of it is read.

    Visitors may send :data:`ANONYMOUS_BYTES`, members and moderators what their largest form can hold.
    A view with an attribute ``bounds_its_body`` sees to that itself (an interface with keys).
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, *_arguments: Any) -> HttpResponse | None:
        """Compare what the client says that it sends."""
        length = request.META.get("CONTENT_LENGTH") or "0"
        if not str(length).isdecimal() or int(length) <= ANONYMOUS_BYTES:
            return None
        if getattr(view, "bounds_its_body", False) or int(length) <= self._most(request):
            return None
        return render(request, "avatars/too_much.html", status=413)

    def _most(self, request: HttpRequest) -> int:
        user = getattr(request, "user", None)
        if user is None or not user.is_authenticated:
            return ANONYMOUS_BYTES
        files = MOST_FILES if user.is_staff else UNREAD_FACTOR
        return files * api.limits().max_bytes + ANONYMOUS_BYTES
