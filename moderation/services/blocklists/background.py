"""“Not the same picture”: what two different pictures share is no evidence of a ban any more.

1. A moderator approves an upload that only the second tier had found. Which tiles visibly agreed is noted in
   the transaction of the approval, so no crash can lose it.
2. A change of its own, under the exclusive lock, makes them count: the tiles are muted in the ban's signature
   or, where too little would be left, the entry may only hold. What is held because of them is judged again.
3. Undoing the approval takes its rows away and computes the rest anew; the signature itself is never changed.

The machine never learns by itself: whoever can upload could teach it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from django.db import transaction
from django.db.models import QuerySet
from numpy.typing import NDArray

from moderation.domain.local.background import without_background
from moderation.domain.local.masks import check_again, packed_tiles, tiles_of
from moderation.domain.local.signature import LocalSignature
from moderation.domain.local.tiles import TileCheck, evidence_tiles
from moderation.domain.policy import LOCAL, JudgedMatch
from moderation.models import BannedImage, BlocklistChange, Decision, LearnedBackground, LocalFingerprint
from moderation.selectors import state
from moderation.services import revision
from moderation.services.blocklists.blocklist import reach_back
from moderation.services.revision import Change, database


def note(decision: Decision, matches: Iterable[JudgedMatch]) -> None:
    """Remember what the upload shares with bans that the second tier found in it, within the transaction of an
    approval, and have it made to count after the commit. Nothing is learned from what fingerprints take for a copy:
    whoever approves that may well want this one picture let through."""
    found = list(matches)
    copied = {
        match.hit.banned for match in found if not match.hit.method.startswith(LOCAL) and match.band != "hold"
    }
    rows = {}
    for match in found:
        details = match.hit.details
        if match.hit.banned in copied or match.set_aside or not any(_visible(details)):
            continue
        rows[details["signature"]] = LearnedBackground(
            signature_id=details["signature"],
            decision_id=decision.pk,
            upload_id=decision.upload_id or 0,
            tiles=_visible(details),
        )
    there = LocalFingerprint.objects.filter(pk__in=list(rows)).values_list("pk", flat=True)
    if there:
        LearnedBackground.objects.bulk_create(rows[pk] for pk in there)
        transaction.on_commit(settle_waiting, using=database(), robust=True)


def _visible(details: Mapping[str, Any]) -> bytes:
    return bytes.fromhex(details.get("visible", ""))


def settle_waiting(*, limit: int = 100) -> int:
    """Make what was noted count; the number of entries. The sweeper calls it for what a crash left."""
    waiting = LearnedBackground.objects.filter(revision__isnull=True)
    entries = dict.fromkeys(waiting.order_by("pk").values_list("signature__banned_id", flat=True)[:limit])
    for banned_id in entries:
        with revision.exclusive_change() as change:
            rows = list(waiting.filter(signature__banned_id=banned_id).order_by("pk"))
            if rows:
                _learn(change, rows, banned_id)
    return len(entries)


def _learn(change: Change, rows: list[LearnedBackground], banned_id: int) -> None:
    banned = BannedImage.objects.select_related("blocklist").get(pk=banned_id)
    restricted = _restricted(banned)
    LearnedBackground.objects.filter(pk__in=[row.pk for row in rows]).update(revision=change.revision)
    decision = Decision.objects.filter(pk=rows[-1].decision_id).first()
    actor = decision.actor_id if decision else ""
    detail = {"learned_from": [row.upload_id for row in rows]}
    if _apply(change, banned, restricted, actor_id=actor, detail=detail):
        reach_back(change, banned=banned, reach=False)


def forget(*, rows: Iterable[LearnedBackground], actor_id: str) -> None:
    """Give the tiles of these rows back to their entries, a change each, and look for what they find. Where
    more has to happen together with it, call it in a transaction that holds the exclusive lock."""
    entries: dict[int, list[LearnedBackground]] = {}
    for row in rows:
        entries.setdefault(row.signature.banned_id, []).append(row)
    for banned_id, own in entries.items():
        with revision.exclusive_change() as change:
            banned = BannedImage.objects.select_related("blocklist").get(pk=banned_id)
            restricted = _restricted(banned)
            LearnedBackground.objects.filter(pk__in=[row.pk for row in own]).delete()
            if any(row.revision for row in own):
                detail = {"given_back_from": [row.upload_id for row in own]}
                if _apply(change, banned, restricted, actor_id=actor_id, detail=detail):
                    # What it let go is known by its matches, also where no signatures of uploads are kept.
                    reach_back(change, banned=banned, reach=False)
                    reach_back(change, banned=banned, reach=True)


def forget_all(*, banned_id: int, actor_id: str) -> int:
    """Give an entry all its tiles back; how many uploads it had learned from. For when a copy was approved."""
    with revision.exclusive_change():
        rows = list(of_entry(banned_id))
        forget(rows=rows, actor_id=actor_id)
    return len(rows)


def of_decision(decision_id: int) -> QuerySet[LearnedBackground]:
    """Return what was learned from an approval."""
    return (
        LearnedBackground.objects.filter(decision_id=decision_id).select_related("signature").order_by("pk")
    )


def taught(decision_id: int) -> dict[int, int]:
    """Return what an approval has taught: entry → tiles of it that count no more because of this one; none where the
    entry may only hold since, so that all of them go on counting. Empty before :func:`settle_waiting` has run."""
    tiles: dict[int, int] = {}
    for row in of_decision(decision_id).filter(revision__isnull=False):
        number = 0 if row.too_much else int(tiles_of(bytes(row.tiles)).sum())
        tiles[row.signature.banned_id] = tiles.get(row.signature.banned_id, 0) + number
    return tiles


def of_entry(banned_id: int) -> QuerySet[LearnedBackground]:
    """Return what an entry has learned, the oldest first."""
    rows = LearnedBackground.objects.filter(signature__banned_id=banned_id, revision__isnull=False)
    return rows.select_related("signature").order_by("pk")


def _restricted(banned: BannedImage) -> bool:
    """Return whether an entry may only hold because of what it has learned, and not because a moderator said so."""
    return banned.local == BannedImage.Local.HOLD and of_entry(banned.pk).filter(too_much=True).exists()


def _apply(
    change: Change, banned: BannedImage, restricted: bool, *, actor_id: str, detail: Mapping[str, object]
) -> bool:
    """Mute what the rows of an entry come to, in their order, and restrict it where they say too much. False
    for a retired entry, which nothing is looked up in: it only keeps its books for being banned again."""
    muted, left, too_much = 0, 0, False
    before, chosen = banned.local, bool(banned.local) and not restricted
    for one in LocalFingerprint.objects.filter(banned=banned).order_by("pk"):
        tiles, evidence, restricts = _shared(one, chosen=chosen)
        mask = packed_tiles(tiles) if tiles.any() else None
        if (bytes(one.muted) if one.muted else None) != mask:
            one.muted, one.revision = mask, change.revision
            one.save(update_fields=["muted", "revision"])
        muted, left = muted + int(tiles.sum()), left + evidence
        too_much = too_much or restricts
    if too_much and not banned.local:
        banned.local = BannedImage.Local.HOLD
    elif restricted and not too_much:
        banned.local = ""
    banned.save(update_fields=["local"])
    if not banned.active:
        return False
    said = {state.MUTED: state.codes_of(banned.pk).get(state.MUTED)}
    if banned.local != before:
        said["local"] = banned.local
    change.record(
        kind=BlocklistChange.Kind.BACKGROUND,
        blocklist=banned.blocklist.slug,
        banned_id=banned.pk,
        actor_id=actor_id,
        detail={**detail, "muted": muted, "left": left, "local": banned.local},
        said={"entries": {str(banned.pk): said}},
    )
    return True


def _shared(one: LocalFingerprint, *, chosen: bool) -> tuple[NDArray[np.bool_], int, bool]:
    """Return the tiles that a signature loses, how many with evidence are left, and whether some row says too much.
    No row restricts an entry that a moderator has restricted (``chosen``) before: no undo shall lift that."""
    signature = LocalSignature.from_bytes(bytes(one.data))
    shared: list[TileCheck] = []
    restricts = False
    for row in one.backgrounds.filter(revision__isnull=False).order_by("pk"):
        check = check_again(signature, bytes(row.tiles), bytes(row.tiles))
        too_much = without_background(signature, [*shared, check]) is None
        row.too_much = too_much and not chosen
        row.save(update_fields=["too_much"])
        restricts = restricts or row.too_much
        shared += [] if too_much else [check]
    tiles = np.any([check.agreeing for check in shared], axis=0) if shared else np.zeros(64, dtype=bool)
    return tiles, int(evidence_tiles(signature.tiles).sum() - tiles.sum()), restricts
