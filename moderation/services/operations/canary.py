"""The canary: a banned picture that must be found, without an entry in any list.

A picture drawn here is decoded in the sandbox, enters an index of its own under a number that no entry
has, and an edited copy of it has to be found and not to be let through: decoder, fingerprints, search
and policy of this process, with the settings and radii in force. The live index then has to find the
newest banned code of each algorithm, which is the one that a broken refresh would lack.
"""

from __future__ import annotations

import io
import logging
from functools import lru_cache

import numpy as np
from django.db import DatabaseError
from PIL import Image

from moderation import selectors
from moderation.conf import get_settings
from moderation.domain.algorithms import ALGORITHMS
from moderation.domain.analysis import Code
from moderation.domain.index import LayeredIndex
from moderation.domain.policy import Entry, judge
from moderation.exceptions import IndexUnavailable, ModerationError
from moderation.models import BannedImage, Fingerprint
from moderation.services.decoder import decoder
from moderation.services.search.index import Snapshot
from moderation.services.search.loading import rows_of

logger = logging.getLogger("moderation.canary")

RESERVED = (1 << 63) - 1
"""The canary's entry: the last number that an index takes, and one that the database never gives."""
MISSED = "canary_missed"
LOST = "banned_code_lost"
NEWEST = 400
"""Codes of an algorithm among which an active one is looked for; then entries, the newest active ones."""


def fault_of(snapshot: Snapshot) -> str:
    """Return why this process would not find a banned picture, as a short code; empty where it would."""
    try:
        return _own_list(snapshot) or _live(snapshot)
    except ModerationError as failure:
        return failure.code
    except DatabaseError:
        # The connection may be good, and a table away: the index could not be brought up to date then.
        logger.exception("the banned codes cannot be read")
        return IndexUnavailable.code


@lru_cache(maxsize=1)
def pictures() -> tuple[bytes, bytes]:
    """Return the banned picture (PNG), and a smaller, recompressed copy of it (JPEG)."""
    picture = Image.effect_mandelbrot((240, 180), (-1.6, -1.2, 0.6, 0.5), 80).convert("RGB")
    original, copy = io.BytesIO(), io.BytesIO()
    picture.save(original, "PNG")
    picture.resize((200, 150)).save(copy, "JPEG", quality=70)
    return original.getvalue(), copy.getvalue()


def _own_list(snapshot: Snapshot) -> str:
    bands = selectors.bands(snapshot.state.entries)
    searched = {name: band for name, band in bands.items() if band.hold >= 0}
    if not searched:
        # Only exact copies are looked for.
        return ""
    banned, copy = pictures()
    options = get_settings().analysis()
    enrolment, queries = (
        decoder().analyse(banned, options).enrolment,
        decoder().analyse(copy, options).queries,
    )
    layers = {}
    for name in searched:
        codes = [code.bits for code in enrolment if code.algorithm == name]
        if not codes:
            return MISSED
        layers[name] = LayeredIndex(ALGORITHMS[name.partition("/")[0]].bits)
        layers[name].add(rows_of(codes), np.full(len(codes), RESERVED, dtype=np.int64))
    own = Snapshot(snapshot.state, layers, {name: band.hold for name, band in searched.items()})
    entry = Entry(banned=RESERVED, blocklist="canary", action="block", bands=bands)
    judgement = judge(own.search(queries), {RESERVED: entry})
    return MISSED if judgement.verdict == "allow" else ""


def _live(snapshot: Snapshot) -> str:
    for name, radius in snapshot.radii.items():
        newest = _newest(name, snapshot.state.number)
        if newest is None or radius < 0:
            continue
        bits, banned = newest
        hits = snapshot.search([Code(name, bits, 0, "")])
        if not any(hit.banned == banned and hit.distance == 0 for hit in hits):
            return LOST
    return ""


def _newest(algorithm: str, revision: int) -> tuple[bytes, int] | None:
    """Return the newest active code and its entry; None where neither the newest codes nor the newest active entries
    have one."""
    # In two steps: joined and sorted in one, a planner whose statistics are old (after an import) compares
    # every code with every entry.
    codes = Fingerprint.objects.filter(algorithm=algorithm, revision__lte=revision).order_by("-pk")
    rows = list(codes.values_list("bits", "banned_id")[:NEWEST])
    entries = BannedImage.objects.active()
    active = set(entries.filter(pk__in={banned for _, banned in rows}).values_list("pk", flat=True))
    if rows and not active:
        # As after an import that was taken back: then the codes of the newest entries that are left.
        active = set(entries.order_by("-pk").values_list("pk", flat=True)[:NEWEST])
        rows = list(codes.filter(banned_id__in=active).values_list("bits", "banned_id")[:1])
    return next(((bytes(bits), banned) for bits, banned in rows if banned in active), None)
