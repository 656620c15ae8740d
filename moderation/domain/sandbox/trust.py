"""What an answer must satisfy before it is believed, whatever the decoder has become.

A child that a picture took over can still say "nothing special here": that is one wrong verdict on
its own picture. It must not be able to do more, so what can be known outside is checked outside.
"""

from __future__ import annotations

import hashlib

from moderation.domain.analysis import (
    ORIENTATIONS,
    Analysis,
    AnalysisOptions,
    Code,
    Encoded,
    Limits,
    Probe,
    WholeHash,
)
from moderation.domain.sandbox.wire import WireError

_MAGIC = {"JPEG": b"\xff\xd8\xff", "PNG": b"\x89PNG\r\n\x1a\n", "WEBP": b"RIFF", "GIF": b"GIF8"}
_DIGEST = 32
_MOST_CODE = 1024
_MOST_LOCAL = 96
"""Views with local features. What is in them is checked where they are read."""


def check_probe(probe: Probe, limits: Limits) -> None:
    """Raise WireError unless the probe keeps the limits that it was made under."""
    pixels = probe.width * probe.height
    fits = min(probe.width, probe.height) > 0 and pixels <= limits.max_pixels
    if not (fits and 0 < probe.frames <= limits.max_frames and probe.format in limits.formats):
        raise WireError("a probe outside of its limits")


def check_analysis(analysis: Analysis, data: bytes, options: AnalysisOptions) -> None:
    """Raise WireError unless the analysis can be one of ``data`` under ``options``.

    The digest of the bytes is computed here again: an exact copy of a banned file is found even if
    that file takes over its decoder.
    """
    check_probe(analysis.probe, options.limits)
    if analysis.sha256 != hashlib.sha256(data).digest() or len(analysis.pixels) != _DIGEST:
        raise WireError("digests of something else")
    for code in (*analysis.queries, *analysis.enrolment):
        _check_code(code, options)
    if not 0.0 <= analysis.quality <= 1.0:
        raise WireError("a quality that is none")
    for encoded in (analysis.clean, analysis.evidence):
        if encoded is not None:
            _check_encoded(encoded)
    if len(analysis.local) > _MOST_LOCAL or (analysis.local and not options.want_local):
        raise WireError("features that were not asked for")
    if options.want_clean and analysis.clean is None:
        raise WireError("the re-encoding is missing")


def check_whole(found: WholeHash) -> None:
    """Raise WireError unless these are hashes of PDQ."""
    if any(len(bits) != _DIGEST for bits in found.turned) or len(found.turned) != len(ORIENTATIONS):
        raise WireError("a hash of another width")
    if not 0 <= found.quality <= 100:
        raise WireError("a quality that is none")


def _check_code(code: Code, options: AnalysisOptions) -> None:
    if code.algorithm.partition("/")[0] not in options.algorithms or not 0 < len(code.bits) <= _MOST_CODE:
        raise WireError("a code of an algorithm that was not asked for")


def _check_encoded(encoded: Encoded) -> None:
    magic = _MAGIC.get(encoded.format)
    if magic is None or not encoded.data.startswith(magic):
        raise WireError("a re-encoding of another format than it says")
    if encoded.width < 1 or encoded.height < 1 or encoded.frames < 1:
        raise WireError("a re-encoding without extent")
