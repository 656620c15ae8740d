"""The evidence of a match of the second tier, as a picture: the upload laid over the ban, tile by tile."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from moderation.conf import get_settings
from moderation.domain.local.explain import explanation
from moderation.domain.local.index import METHOD
from moderation.domain.local.masks import tiles_of
from moderation.domain.local.signature import LocalFeatures, LocalSignature
from moderation.domain.local.tiles import TileCheck, evidence_tiles
from moderation.domain.local.verify import VIEW_NAMES, LocalMatch, verify
from moderation.models import LocalFingerprint, Match, Upload
from moderation.services.decoder import decoder
from moderation.services.rescans import rescreening
from moderation.services.search import local


def of_match(*, match: Match, upload: Upload) -> bytes | None:
    """Draw a PNG of where an upload shows the entry, as this match of one of its screenings found it, whatever the entry
    has learned since. None where the upload's picture or the entry's signature is not kept any more, or where the
    picture was seen otherwise then: a later frame, before another ground.

    The upload is decoded again from the re-encoding, in the sandbox; nothing of it is stored. It shows the
    upload, so it belongs behind the same protection. Raises :class:`SandboxFailure` children.
    """
    details = match.details
    kept = (
        LocalFingerprint.objects.filter(pk=details.get("signature", 0)).values_list("data", flat=True).first()
    )
    encoded = rescreening.clean_file(upload)
    if kept is None or "seen" not in details or encoded is None or not get_settings().local:
        return None
    signature = LocalSignature.from_bytes(bytes(kept))
    features = local.features_of(decoder().analyse(encoded.data, get_settings().analysis()))
    one = next((found for found in features if found.view == match.view), None)
    if one is None or match.variant not in VIEW_NAMES:
        return None
    return _drawn(one, signature, _as_found(match, signature))


def _as_found(match: Match, signature: LocalSignature) -> LocalMatch:
    """Return the evidence that was written down with the match."""
    details = match.details
    seen, agreeing = (tiles_of(bytes.fromhex(details[name])) for name in ("seen", "agreeing"))
    return LocalMatch(
        inliers=details["inliers"],
        tile=details["tile"] / 1000,
        share=details["share"] / 1000,
        coverage=details["coverage"] / 1000,
        view=VIEW_NAMES.index(match.variant),
        transform=tuple(float(value) for value in details["transform"]),
        check=TileCheck(evidence_tiles(signature.tiles), seen, agreeing, agreeing),
        keypoints=np.empty(0, dtype=np.uint16),
    )


def of_features(features: tuple[LocalFeatures, ...], *, banned_id: int) -> bytes | None:
    """Draw the same for a picture that was just decoded, against the entry as it counts now; None where it shows
    nothing of the entry."""
    rows = LocalFingerprint.objects.filter(banned_id=banned_id, method=METHOD).values_list("data", "muted")
    best: tuple[LocalMatch, LocalFeatures, LocalSignature] | None = None
    for data, muted in rows:
        signature = local.signature_of(data, muted)
        for one in features:
            match = verify(one, signature)
            if match is not None and (best is None or match.share > best[0].share):
                best = match, one, signature
    if best is None:
        return None
    match, one, signature = best
    return _drawn(one, signature, match)


def _drawn(features: LocalFeatures, signature: LocalSignature, match: LocalMatch) -> bytes:
    file = io.BytesIO()
    Image.fromarray(explanation(features, signature, match)).save(file, "PNG", optimize=True)
    return file.getvalue()
