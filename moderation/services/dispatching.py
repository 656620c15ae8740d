"""The dispatcher that the settings name. Services know only its path."""

from __future__ import annotations

from functools import lru_cache
from typing import Protocol, cast

from django.utils.module_loading import import_string

from moderation.conf import get_settings


class Dispatcher(Protocol):
    """Wakes up whoever does the work. The row is the queue: a wake-up that is lost costs time only."""

    periodic: bool
    """Whether periodic work has to run in this process, after requests."""

    def screen(self, upload_id: int) -> None:
        """Wake up the screening of an upload, after its commit; must not raise and must not wait more than a
        second."""

    def rescan(self, rescan_id: int) -> None:
        """Wake up a search among earlier uploads, with the same promises."""


def is_immediate() -> bool:
    """Return whether the verdict may be there when :meth:`Dispatcher.screen` returns. Only a dispatcher that says
    otherwise (``immediate = False``) spares the caller a look."""
    return bool(getattr(dispatcher(), "immediate", True))


@lru_cache(maxsize=8)
def _named(path: str) -> Dispatcher:
    return cast(Dispatcher, import_string(path)())


def dispatcher() -> Dispatcher:
    """Return the dispatcher in force."""
    return _named(get_settings().dispatcher)
