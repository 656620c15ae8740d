"""Suspend entries on their own: one that suddenly rejects the pictures of many people is more often a mistake
than a wave. It is suspended to ``hold`` until a senior moderator has looked."""

from __future__ import annotations

import logging
from collections import defaultdict
from datetime import timedelta

from django.utils import timezone

from moderation.conf import get_settings
from moderation.models import BannedImage, BlocklistChange, Match, Screening, Upload
from moderation.services.blocklists import blocklist

logger = logging.getLogger("moderation.auto_suspend")

WINDOW = timedelta(hours=1)
LOOKED_AT = 5_000
"""Newest rejections of the window that are counted."""
TRUSTED = timedelta(days=1)
"""For so long nothing is done to an entry whose settings a person has changed."""


def suspend_entries() -> list[int]:
    """Suspend the entries that hit too many users; return their ids."""
    suspended = []
    for banned_id, users in sorted(_users_hit().items()):
        if users >= get_settings().valve_users and _may_be_suspended(banned_id):
            note = f"Rejected pictures of {users} users within an hour: suspended until a moderator looks."
            blocklist.change_entry(banned_id=banned_id, note=note, suspended=True)
            logger.warning("entry %s is suspended: it hit %s users within an hour", banned_id, users)
            suspended.append(banned_id)
    return suspended


def _users_hit() -> dict[int, int]:
    """Return for each entry the number of different owners whose uploads it rejected lately, exact copies aside:
    those are no mistake of a radius."""
    rows = Screening.objects.filter(verdict="block", created_at__gte=timezone.now() - WINDOW)
    screened = dict(rows.order_by("-created_at").values_list("pk", "upload_id")[:LOOKED_AT])
    owners = _owners(list(set(screened.values())))
    hit: defaultdict[int, set[tuple[str, str]]] = defaultdict(set)
    ids = list(screened)
    for start in range(0, len(ids), 500):
        matches = Match.objects.filter(screening_id__in=ids[start : start + 500], set_aside="", band="block")
        for screening, banned in matches.order_by().values_list("screening_id", "banned_id"):
            owner = owners.get(screened[screening])
            if owner is not None:
                hit[banned].add(owner)
    return {banned: len(users) for banned, users in hit.items()}


def _owners(uploads: list[int]) -> dict[int, tuple[str, str]]:
    found: dict[int, tuple[str, str]] = {}
    for start in range(0, len(uploads), 500):
        rows = Upload.objects.filter(pk__in=uploads[start : start + 500])
        found |= {pk: (kind, owner) for pk, kind, owner in rows.values_list("pk", "owner_type", "owner_id")}
    return found


def _may_be_suspended(banned_id: int) -> bool:
    entry = BannedImage.objects.active().filter(pk=banned_id, suspended=False)
    by_hand = BlocklistChange.objects.filter(
        banned_id=banned_id,
        kind=BlocklistChange.Kind.ENTRY,
        created_at__gte=timezone.now() - TRUSTED,
    ).exclude(actor_id="")
    return entry.exists() and not by_hand.exists()
