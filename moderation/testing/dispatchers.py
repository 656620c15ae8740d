"""Dispatchers for tests: one works at once, the other when it is told to."""

from __future__ import annotations

from moderation.dispatch.inline import InlineDispatcher
from moderation.services.dispatching import dispatcher


class ImmediateDispatcher(InlineDispatcher):
    """Screens at once, in the test's thread, and leaves periodic work to the test."""

    periodic = False


class PausedDispatcher:
    """A queue in memory that works when it is told to: uploads stay pending until :meth:`run`."""

    periodic = False

    def __init__(self) -> None:
        self.uploads: list[int] = []
        self.rescans: list[int] = []

    def screen(self, upload_id: int) -> None:
        """Remember the upload."""
        self.uploads.append(upload_id)

    def rescan(self, rescan_id: int) -> None:
        """Remember the rescan."""
        self.rescans.append(rescan_id)

    def run(self) -> None:
        """Do everything that waits, as a worker would."""
        worker = InlineDispatcher()
        while self.uploads or self.rescans:
            if self.uploads:
                worker.screen(self.uploads.pop(0))
            else:
                worker.rescan(self.rescans.pop(0))


def paused() -> PausedDispatcher:
    """Return the dispatcher in force. Raises :class:`TypeError` where the settings name another."""
    found = dispatcher()
    if not isinstance(found, PausedDispatcher):
        raise TypeError('Set MODERATION["DISPATCHER"] to "moderation.testing.PausedDispatcher" first.')
    return found
