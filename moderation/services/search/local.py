"""The second tier within the revision protocol: crops, rotations, screenshots, collages.

This process's index of local signatures is brought to the current revision as the one of fingerprints
is. The search runs before the lock. Under the lock it is known which few signatures came in between: they
are verified after letting it go, and when nothing is newer still, the verdict is written. More than
:data:`GAP` of them start the match again.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from moderation.conf import get_settings
from moderation.domain.analysis import Analysis
from moderation.domain.local.features import BAN_KEYPOINTS, STORED_KEYPOINTS
from moderation.domain.local.index import METHOD, LocalIndex
from moderation.domain.local.masks import packed_tiles, without_tiles
from moderation.domain.local.model import VERSION
from moderation.domain.local.quality import warnings
from moderation.domain.local.recognise import recognise
from moderation.domain.local.signature import BadSignature, LocalFeatures, LocalSignature
from moderation.domain.local.strength import BLOCK, HOLD, strength
from moderation.domain.local.verify import LocalMatch, verify
from moderation.domain.local.wire import features_from_bytes
from moderation.domain.policy import BandName, Hit
from moderation.exceptions import DecoderCrashed
from moderation.models import (
    BannedImage,
    LearnedBackground,
    LocalFingerprint,
    Upload,
    UploadLocalFingerprint,
)
from moderation.services import revision
from moderation.services.revision import RevisionState
from moderation.services.search import local_file
from moderation.services.search.index import continues
from moderation.services.search.index_files import IndexFiles
from moderation.services.search.local_file import Held

NOT_CAUGHT = "crops, rotations, perspective, circle masks, screenshots, story pads, collages and pictures in pictures of what is banned"
"""What the fingerprints alone do not find, in words."""
GAP = 8
"""Signatures newer than the search; more of them start the match again."""
AHEAD = 3
"""Times that these are verified without the lock. Where more have come each time, the rest is verified under it."""


def features_of(analysis: Analysis) -> tuple[LocalFeatures, ...]:
    """Return what came out of the sandbox. Raises :class:`DecoderCrashed` where it is not what was agreed on."""
    try:
        features = tuple(features_from_bytes(data) for data in analysis.local)
    except BadSignature as error:
        raise DecoderCrashed(str(error)) from error
    for one in features:
        if one.signature.model != VERSION:
            raise DecoderCrashed(f"local features are of local/{one.signature.model}, not of {METHOD}")
    return features


@dataclass(frozen=True, slots=True)
class Found:
    """What a search of the tier gave."""

    hits: tuple[Hit, ...]
    notes: tuple[str, ...]
    state: RevisionState
    """That the index held, at least."""
    later: dict[int, list[Hit]] = field(default_factory=dict)
    """By newer signatures that were verified since, see :class:`SignaturesChanged`."""
    rounds: list[int] = field(default_factory=list)
    """How many these were, each time."""


class LocalBanIndex:
    """One per process; items are ids of :class:`LocalFingerprint` rows."""

    def __init__(self) -> None:
        self.files = IndexFiles("banned")
        self._lock = threading.Lock()
        self._held: Held | None = None

    def forget(self) -> None:
        """Start anew at the next search."""
        with self._lock:
            self.files.wait()
            self.files = IndexFiles("banned")
            self._held = None

    def catch_up(self) -> tuple[LocalIndex, RevisionState]:
        """Return the index at the committed revision."""
        with self._lock:
            state = revision.current()
            held = self._held
            if held is None or not continues(held.state, state):
                held = self._held = Held(local_file.start(self.files, state), state)
            elif held.state != state or held.compacted is not None:
                held.index = self._advanced(held, state)
                held.state = state
            else:
                return held.index, state
            self.files.compact({METHOD: held})
            return held.index, state

    def _advanced(self, held: Held, state: RevisionState) -> LocalIndex:
        compacted, held.compacted = held.compacted, None
        if compacted is not None:
            local_file.bring(compacted, since=compacted.revision)
            return compacted
        if held.should_compact() and self.files.replaced(METHOD):
            return local_file.start(self.files, state)
        if held.index.fresh > local_file.UNCOMPACTED:
            return local_file.from_database()
        local_file.bring(held.index, since=held.revision)
        return held.index


banned_signatures = LocalBanIndex()
"""The index of this process."""


def search(features: tuple[LocalFeatures, ...]) -> Found:
    """Return every banned image that one of the views shows."""
    index, state = banned_signatures.catch_up()
    result = recognise(features, index, load)
    owners = dict(
        LocalFingerprint.objects.filter(pk__in=[hit.item for hit in result.hits]).values_list(
            "pk", "banned_id"
        )
    )
    hits = [
        _hit(owners[hit.item], hit.item, hit.match, hit.features.view)
        for hit in result.hits
        if hit.item in owners
    ]
    return Found(tuple(hits), result.notes, state)


class SignaturesChanged(Exception):
    """Signatures have come in since the search. :meth:`verify` them without the lock, then take it again: the
    hits stay with the :class:`Found` that was handed to :func:`newer`."""

    def __init__(self, features: tuple[LocalFeatures, ...], found: Found, missing: dict[int, int]) -> None:
        super().__init__(f"{len(missing)} signatures are newer than the search")
        self._features, self._found, self._missing = features, found, missing

    def verify(self) -> None:
        """Verify the candidates; some 5 ms a signature."""
        self._found.rounds.append(len(self._missing))
        self._found.later.update(_verified(self._features, self._missing))


def newer(features: tuple[LocalFeatures, ...], since: int, found: Found | None = None) -> list[Hit] | None:
    """Return hits among the active entries that are newer than ``since``; None where these are too many.

    To be called under the lock. With what the search ``found``, raises :class:`SignaturesChanged` the first :data:`AHEAD`
    times that there is something to verify; then, and without it, verifies here.
    """
    rows = (
        LocalFingerprint.objects.active()
        .filter(revision__gt=since, method=METHOD)
        .values_list("pk", "banned_id", "banned__revision", "revision")[: GAP + 1]
    )
    # What has changed is more than new: what the search found by it may not hold any more.
    if len(rows) > GAP or any(changed > made for _, _, made, changed in rows):
        return None
    known = found.later if found else {}
    missing = {pk: banned for pk, banned, _, _ in rows if pk not in known}
    if missing and found is not None and len(found.rounds) < AHEAD:
        raise SignaturesChanged(features, found, missing)
    hits = {**known, **_verified(features, missing)}
    return [hit for pk, _, _, _ in rows for hit in hits[pk]]


def _verified(features: tuple[LocalFeatures, ...], missing: Mapping[int, int]) -> dict[int, list[Hit]]:
    hits: dict[int, list[Hit]] = {pk: [] for pk in missing}
    for pk, signature in load(missing).items() if missing else ():
        for one in features:
            match = verify(one, signature)
            if match is not None and strength(match) >= HOLD:
                hits[pk].append(_hit(missing[pk], pk, match, one.view))
    return hits


def load(items: Iterable[int]) -> Mapping[int, LocalSignature]:
    """Return the signatures of items of the index, as they count now."""
    rows = LocalFingerprint.objects.filter(pk__in=list(items)).values_list("pk", "data", "muted")
    return {pk: signature_of(data, muted) for pk, data, muted in rows}


def signature_of(data: bytes | memoryview[int], muted: bytes | memoryview[int] | None) -> LocalSignature:
    """Return a ban's signature as it counts: without the tiles that were learned to be background."""
    return without_tiles(LocalSignature.from_bytes(bytes(data)), bytes(muted) if muted else None)


def _hit(banned: int, signature: int, match: LocalMatch, view: int) -> Hit:
    band: BandName = "block" if strength(match) >= BLOCK else "hold"
    details = {
        "supports": band,
        "signature": signature,
        "seen": packed_tiles(match.check.seen).hex(),
        "agreeing": packed_tiles(match.check.agreeing).hex(),
        "visible": packed_tiles(match.check.visible).hex(),
        "inliers": match.inliers,
        "tile": round(match.tile * 1000),
        "share": round(match.share * 1000),
        "coverage": round(match.coverage * 1000),
        "transform": [f"{value:.6g}" for value in match.transform],
    }
    return Hit(banned, METHOD, 0, view, match.variant, band, details)


def enrol(banned: BannedImage, features: tuple[LocalFeatures, ...], *, at_revision: int) -> None:
    """Store the signatures of a ban."""
    LocalFingerprint.objects.bulk_create(
        LocalFingerprint(
            banned=banned,
            method=METHOD,
            data=one.signature.strongest(BAN_KEYPOINTS).to_bytes(),
            warnings=",".join(warnings(one.signature)),
            revision=at_revision,
        )
        for one in features
    )


def copy_signatures(old: BannedImage, new: BannedImage, *, at_revision: int) -> None:
    """Give an entry that is banned again what the old one had, with what that had learned."""
    for one in old.local_fingerprints.order_by("pk"):
        learned = list(one.backgrounds.filter(revision__isnull=False).order_by("pk"))
        one.pk, one.banned, one.revision = None, new, at_revision
        one._state.adding = True
        one.save(force_insert=True)
        for row in learned:
            row.pk, row.signature, row.revision = None, one, at_revision
        LearnedBackground.objects.bulk_create(learned)


def remember(upload: Upload, features: tuple[LocalFeatures, ...], *, again: bool) -> None:
    """Store the signatures of an upload, where the site keeps them. ``again``: in place of what an earlier
    screening stored."""
    if again:
        UploadLocalFingerprint.objects.filter(upload=upload).delete()
    if get_settings().local_reach:
        UploadLocalFingerprint.objects.bulk_create(
            UploadLocalFingerprint(
                upload=upload, method=METHOD, data=one.signature.strongest(STORED_KEYPOINTS).to_bytes()
            )
            for one in features
        )
