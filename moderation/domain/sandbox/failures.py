"""From what a child says about a failure to an error of this project."""

from __future__ import annotations

from collections.abc import Iterator

from moderation.domain.sandbox.jobs import Outcome
from moderation.exceptions import DecoderCrashed, DecoderOutOfMemory, ModerationError


def error_of(outcome: Outcome) -> ModerationError:
    """Return the error to raise for an outcome that is not ``done``.

    An error of :mod:`moderation.exceptions` comes back as the same class with the same message, found
    by its code; anything else is a failure of the decoder.
    """
    if outcome.kind == "memory":
        return DecoderOutOfMemory()
    if outcome.kind == "error":
        for kind in _family(ModerationError):
            if kind.code == outcome.code:
                return kind(outcome.message)
    return DecoderCrashed()


def _family(kind: type[ModerationError]) -> Iterator[type[ModerationError]]:
    yield kind
    for child in kind.__subclasses__():
        yield from _family(child)
