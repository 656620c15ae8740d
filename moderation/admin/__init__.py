"""The moderators' desk, inside Django admin."""

from moderation.admin import appeals, audit, banned, blocklists, keys, reports, uploads

__all__ = ["appeals", "audit", "banned", "blocklists", "keys", "reports", "uploads"]
