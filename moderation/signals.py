"""Signals, sent after the transaction has committed; receivers cannot undo what happened.

Each upload signal carries ``upload`` (an :class:`moderation.models.Upload`), ``owner`` (or None) and
``target`` (the host's instance, or None), and the names of the public file before and after, ``old_name`` and
``new_name``, either of which may be empty. Their handlers' errors are logged, not raised.
"""

from __future__ import annotations

from django.dispatch import Signal

upload_approved = Signal()
upload_held = Signal()
upload_rejected = Signal()
upload_refused = Signal()
upload_taken_down = Signal()
file_removed = Signal()
"""Carries ``storage``, ``name``, ``model`` and ``field`` (both None without a target): a public file is gone, whatever
was the reason. For what a host has made from it: thumbnails, caches, copies elsewhere. Sent again, with the file
gone already, until no handler raises; so a handler may be called twice for a file."""
notice_created = Signal()
"""Carries ``notice``: what a host can turn into mail."""
image_banned = Signal()
"""Carries ``banned`` and ``revision``."""
ban_retired = Signal()
"""Carries ``banned`` and ``revision``."""

__all__ = [
    "ban_retired",
    "file_removed",
    "image_banned",
    "notice_created",
    "upload_approved",
    "upload_held",
    "upload_refused",
    "upload_rejected",
    "upload_taken_down",
]
