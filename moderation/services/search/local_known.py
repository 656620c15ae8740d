"""What earlier screenings found in the second tier, for an upload that is judged again."""

from __future__ import annotations

import numpy as np
from django.db.models import F, Q

from moderation.domain.local.masks import check_again
from moderation.domain.local.signature import LocalSignature
from moderation.domain.local.strength import BLOCK, HOLD, strength
from moderation.domain.local.verify import LocalMatch
from moderation.domain.policy import LOCAL, BandName, Hit
from moderation.models import LocalFingerprint, Match, Screening
from moderation.services.search.local import signature_of


def earlier_hits(upload_id: int) -> list[Hit]:
    """Return what earlier screenings of an upload found in this tier, the strongest of each entry, as far as it still
    counts. It is kept when the upload is judged again from what is stored, since its signature alone cannot be
    verified."""
    screenings = Screening.objects.filter(upload_id=upload_id)
    rows = list(Match.objects.filter(screening__in=screenings, method__startswith=LOCAL).order_by("pk"))
    changed = LocalFingerprint.objects.filter(
        pk__in={match.details["signature"] for match in rows if "signature" in match.details},
        muted__isnull=False,
    )
    muted = {one.pk: signature_of(one.data, one.muted) for one in changed} if rows else {}
    hits: dict[int, Hit] = {}
    for match in rows:
        now = muted.get(match.details.get("signature", 0))
        supports = match.details.get("supports") if now is None else _supported(match, now)
        if not supports:
            continue
        band: BandName = "block" if supports == "block" else "hold"
        if band == "hold" and match.banned_id in hits and hits[match.banned_id].band == "block":
            # Recorded while it counted for less.
            continue
        details = {**match.details, "supports": band}
        hits[match.banned_id] = Hit(
            match.banned_id, match.method, 0, match.view, match.variant, band, details
        )
    return list(hits.values())


def background_changed(since: int) -> bool:
    """Return whether what counts of any signature has changed after the revision ``since``, beyond new entries."""
    changed = LocalFingerprint.objects.filter(Q(revision__gt=since), revision__gt=F("banned__revision"))
    return changed.exists()


def _supported(match: Match, signature: LocalSignature) -> BandName | None:
    """Return what an earlier match supports now that its ban has lost tiles."""
    details = match.details
    check = check_again(signature, bytes.fromhex(details["seen"]), bytes.fromhex(details["agreeing"]))
    again = LocalMatch(
        inliers=details["inliers"],
        tile=check.tile,
        share=check.share,
        coverage=details["coverage"] / 1000,
        view=0,
        transform=(),
        check=check,
        keypoints=np.empty(0, dtype=np.uint16),
    )
    now = strength(again)
    return "block" if now >= BLOCK else "hold" if now >= HOLD else None
