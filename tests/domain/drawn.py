"""Pictures from formulas alone, so that no drawing library can change them, and analyses of them."""

from __future__ import annotations

import io
from functools import cache
from typing import Any

import numpy as np
from PIL import Image

from moderation.domain.analysis import Analysis, AnalysisOptions
from moderation.domain.fingerprints import hamming
from moderation.domain.pipeline import analyse

EVERYTHING = AnalysisOptions(want_clean=True, want_evidence=True)


@cache
def waves(seed: int = 0, size: tuple[int, int] = (360, 300)) -> Image.Image:
    """Return a colourful picture with structure at all scales and sharp edges; ``RGB``."""
    random = np.random.Generator(np.random.PCG64(seed))
    width, height = size
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    channels = []
    for _ in range(3):
        total = np.zeros((height, width))
        for scale in (40.0, 90.0, 200.0):
            for _ in range(4):
                dx, dy, phase = random.uniform(-1, 1, 3)
                total += scale * np.sin((dx * x + dy * y) * 6.283 / scale + phase * 6.283)
        channels.append(total)
    cut = (np.hypot(x - width * 0.6, y - height * 0.4) < height * 0.25).astype(np.float64)
    pixels = np.stack(channels, axis=-1) / 4 + 128 + 60 * cut[..., None] * np.array([1, -1, 0.5])
    return Image.fromarray(np.clip(np.rint(pixels), 0, 255).astype(np.uint8))


def file_of(picture: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    target = io.BytesIO()
    picture.save(target, kind, **options)
    return target.getvalue()


def analysed(data: bytes, **options: Any) -> Analysis:
    return analyse(data, AnalysisOptions(**options))


def distance(upload: Analysis, ban: Analysis, algorithm: str) -> int:
    """Return the smallest distance of the upload's queries to the ban's enrolment; 999 where there are none."""
    pairs = (
        hamming(query.bits, code.bits)
        for query in upload.queries
        for code in ban.enrolment
        if query.algorithm == code.algorithm == f"{algorithm}/1"
    )
    return min(pairs, default=999)
