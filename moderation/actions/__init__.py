"""What moderators can do: one class for each action, with everything that pages, keys and forms want to know of it."""

from moderation.actions import entries, uploads
from moderation.actions.base import leaving
from moderation.actions.entries import ENTRY_ACTIONS
from moderation.actions.uploads import UPLOAD_ACTIONS

__all__ = ["ENTRY_ACTIONS", "UPLOAD_ACTIONS", "entries", "leaving", "uploads"]
