"""The evidence of a match as a picture: the upload laid into the ban's frame, tile by tile."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .descriptors import NEGATED
from .signature import LocalFeatures, LocalSignature
from .tiles import TILES, Pyramid, laid_over
from .verify import LocalMatch, raster_in_view

GREEN = np.array([40, 190, 90], dtype=np.float32)
RED = np.array([225, 60, 60], dtype=np.float32)
SIDE = 512


def explanation(features: LocalFeatures, ban: LocalSignature, match: LocalMatch) -> NDArray[np.uint8]:
    """Return a picture in RGB, shape ``(h, w, 3)``, longest side 512: agreeing tiles green, disagreeing ones red,
    those without evidence or outside the upload plain. It shows the upload, never the ban. Belongs behind the same
    protection as all evidence."""
    scale = SIDE / max(ban.width, ban.height)
    width, height = max(TILES, round(ban.width * scale)), max(TILES, round(ban.height * scale))
    pyramid = Pyramid(raster_in_view(features.raster, match.view))
    grey = laid_over(pyramid, match.matrix, ban.width, ban.height, width, height)
    if match.view & NEGATED:
        grey = 255 - grey
    picture = np.repeat(grey[:, :, None], 3, axis=2).astype(np.float32)
    # the last of 33 cells is compared with nothing: tiles cover 32 of them
    rows = np.minimum(np.arange(height) * 33 // (4 * height), TILES - 1)
    columns = np.minimum(np.arange(width) * 33 // (4 * width), TILES - 1)
    tile = rows[:, None] * TILES + columns[None, :]
    check = match.check
    for chosen, colour in ((check.agreeing, GREEN), (check.seen & ~check.agreeing, RED)):
        where = chosen[tile]
        picture[where] = picture[where] * 0.6 + colour * 0.4
    lines = np.zeros((height, width), dtype=bool)
    lines[np.flatnonzero(np.diff(rows)), :] = True
    lines[:, np.flatnonzero(np.diff(columns))] = True
    picture[lines] *= 0.7
    return np.clip(np.rint(picture), 0, 255).astype(np.uint8)
