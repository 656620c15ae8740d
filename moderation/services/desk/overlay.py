"""The evidence of a match of the second tier, as a picture: the upload laid over the ban, tile by tile."""

from __future__ import annotations

import io

from PIL import Image

from moderation.conf import get_settings
from moderation.domain.local.explain import explanation
from moderation.domain.local.index import METHOD
from moderation.domain.local.signature import LocalFeatures, LocalSignature
from moderation.domain.local.verify import LocalMatch, verify
from moderation.models import LocalFingerprint, Upload
from moderation.services.decoder import decoder
from moderation.services.rescans import rescreening
from moderation.services.search import local


def of_upload(*, upload: Upload, banned_id: int) -> bytes | None:
    """Draw a PNG of where an upload shows the entry, or return None where the upload's picture is not kept any more,
    or shows nothing of it.

    It is computed anew from the re-encoding, in the sandbox; nothing of it is stored. It shows the
    upload, so it belongs behind the same protection. Raises :class:`SandboxFailure` children.
    """
    encoded = rescreening.clean_file(upload)
    if encoded is None or not get_settings().local:
        return None
    analysis = decoder().analyse(encoded.data, get_settings().analysis())
    return of_features(local.features_of(analysis), banned_id=banned_id)


def of_features(features: tuple[LocalFeatures, ...], *, banned_id: int) -> bytes | None:
    """Draw the same for a picture that was just decoded; None where it shows nothing of the entry."""
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
    file = io.BytesIO()
    Image.fromarray(explanation(one, signature, match)).save(file, "PNG", optimize=True)
    return file.getvalue()
