"""Who asks: a key in ``Authorization: Bearer``, counted, with the scope that an address wants."""

from __future__ import annotations

from django.http import HttpRequest
from ninja.security import HttpBearer

from moderation.models import ApiKey
from moderation.services.access import keys


class KeyAuth(HttpBearer):
    """For an operation that wants all of ``scopes``."""

    def __init__(self, *scopes: str) -> None:
        super().__init__()
        self.scopes = scopes

    def authenticate(self, request: HttpRequest, token: str) -> ApiKey:
        """Return the key. Raises :class:`KeyRefused`, :class:`TooManyRequests` and :class:`ScopeMissing`."""
        key = keys.authenticate(token)
        # Remembered before the limit and the scope are looked at: a refused request counts for this key.
        remember(request, key)
        keys.admit(key)
        keys.demand(key, *self.scopes)
        return key


def remember(request: HttpRequest, key: ApiKey) -> None:
    """Note with whose key a request is made."""
    request.META["moderation.key"] = key


def key_of(request: HttpRequest) -> ApiKey:
    """Return the key of a request that was let in."""
    key = request.META["moderation.key"]
    assert isinstance(key, ApiKey)
    return key


def key_name(request: HttpRequest) -> str:
    """Return the name of the key for a metric; empty for nobody."""
    key = request.META.get("moderation.key")
    return key.name if isinstance(key, ApiKey) else ""
