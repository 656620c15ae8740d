"""Signals, sent after the transaction has committed; receivers cannot undo what happened.

Each upload signal carries ``upload`` (an :class:`moderation.models.Upload`), ``owner`` (or None) and
``target`` (the host's instance, or None). Their handlers' errors are logged, not raised.
"""

from __future__ import annotations

from django.dispatch import Signal

upload_approved = Signal()
upload_held = Signal()
upload_rejected = Signal()
upload_refused = Signal()
upload_taken_down = Signal()
notice_created = Signal()
"""Carries ``notice``: what a host can turn into mail."""
image_banned = Signal()
"""Carries ``banned`` and ``revision``."""
ban_retired = Signal()
"""Carries ``banned`` and ``revision``."""

__all__ = [
    "ban_retired",
    "image_banned",
    "notice_created",
    "upload_approved",
    "upload_held",
    "upload_refused",
    "upload_rejected",
    "upload_taken_down",
]
