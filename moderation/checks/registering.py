"""How a check is registered."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from django.core.checks import CheckMessage, register
from django.core.exceptions import ImproperlyConfigured

from moderation.conf import get_settings


def checked(*tags: str, **options: Any) -> Callable[..., Any]:
    """Register a generator of messages; it is left alone where the settings cannot be read at all,
    which ``configured.settings_are_valid`` reports."""

    def decorate(check: Callable[..., Iterator[CheckMessage]]) -> Callable[..., list[CheckMessage]]:
        def run(
            app_configs: object, databases: Sequence[str] | None = None, **kwargs: Any
        ) -> list[CheckMessage]:
            try:
                get_settings()
            except ImproperlyConfigured:
                return []
            return list(check(databases or ()))

        run.__name__, run.__doc__ = check.__name__, check.__doc__
        register(run, *tags, **options)
        return run

    return decorate
