"""The addresses of the HTTP API: ``path("", include("moderation.http.urls"))``."""

from __future__ import annotations

from collections.abc import Iterable

from django.urls import URLPattern, URLResolver, include, path

from moderation.http.hma import urls as hma
from moderation.http.v1.service import api

urlpatterns: list[URLPattern | URLResolver] = [
    path("v1/", api.urls),
    path("hma/", include(hma.urlpatterns)),
    path("hma-<str:hma_client>/", include(hma.urlpatterns)),
]


def _bound(patterns: Iterable[URLPattern | URLResolver]) -> None:
    """Tell a middleware that bounds the bodies of browsers that these views see to it themselves, by key."""
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            _bound(pattern.url_patterns)
        else:
            vars(pattern.callback)["bounds_its_body"] = True


_bound(urlpatterns)
