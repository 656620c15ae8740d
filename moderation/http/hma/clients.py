"""Who asks: a key in ``Authorization: Bearer``, or a client that sends none and is known otherwise."""

from __future__ import annotations

import ipaddress
import secrets

from django.http import HttpRequest

from moderation.conf import get_settings
from moderation.exceptions import KeyRefused
from moderation.models import ApiKey
from moderation.probes import PROXIED
from moderation.services.access import keys

PREFIX = "hma_client"
"""Of the address, where it has a secret part."""


def key_of_client(request: HttpRequest) -> ApiKey:
    """Return the key that a request shows, or the one that ``HMA_CLIENTS`` lets it act with.

    Raises :class:`KeyRefused`.
    """
    given = request.headers.get("Authorization", "")
    if given:
        scheme, _, token = given.partition(" ")
        if scheme.lower() != "bearer":
            raise KeyRefused
        return keys.authenticate(token.strip())
    name = _without_a_key(request)
    key = keys.usable().filter(name=name).first() if name else None
    if key is None:
        raise KeyRefused
    return key


def _without_a_key(request: HttpRequest) -> str:
    secret = request.resolver_match.kwargs.get(PREFIX, "") if request.resolver_match else ""
    for known, name in get_settings().hma_clients.items():
        network = network_of(known)
        if network is None:
            if secret and secrets.compare_digest(secret.encode(), known.encode()):
                return name
        elif not secret and _inside(request, network):
            return name
    return ""


def network_of(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    """Return the network that an entry of ``HMA_CLIENTS`` names; None for a secret part of the address."""
    try:
        return ipaddress.ip_network(text)
    except ValueError:
        return None


def _inside(request: HttpRequest, network: ipaddress.IPv4Network | ipaddress.IPv6Network) -> bool:
    # Behind a proxy every address is the proxy's: then nobody is known by it.
    if any(request.META.get(name) for name in PROXIED):
        return False
    try:
        return ipaddress.ip_address(request.META.get("REMOTE_ADDR", "")) in network
    except ValueError:
        return False
