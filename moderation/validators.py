"""For a form or a serializer that wants only an answer: is this picture banned?"""

from __future__ import annotations

from typing import Any

from django.utils.deconstruct import deconstructible

from moderation.forms.pictures import refusals_as_errors, refuse_banned

__all__ = ["NotBanned"]


@deconstructible
class NotBanned:
    """A validator for files: refuses what a blocklist blocks, and what is no picture.

    Nothing is stored, so nothing reaches back: a picture that is banned later stays. Use
    :class:`moderation.fields.ModeratedImageField` where that matters. A near copy, which a moderator
    would have to look at, passes unless ``allow_near_copies`` is False. Where the picture cannot be
    screened now, it is refused: better to ask again than to let it through.
    """

    def __init__(self, *, allow_near_copies: bool = True) -> None:
        self.allow_near_copies = allow_near_copies

    def __call__(self, value: Any) -> None:
        """Check a file. Raises :class:`ValidationError` with a ``code``: that of the refusal, ``banned``, or
        ``unavailable``."""
        with refusals_as_errors():
            refuse_banned(value, near_copies=not self.allow_near_copies)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, NotBanned) and self.allow_near_copies == other.allow_near_copies

    def __hash__(self) -> int:
        return hash((type(self), self.allow_near_copies))
