"""Pictures for tests, drawn in memory."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image


def drawn_picture(seed: int, *, size: tuple[int, int] = (400, 300), format_name: str = "JPEG") -> bytes:
    """Return a picture with structure, the same for the same seed; different seeds never match one another."""
    random = np.random.default_rng(seed)
    picture = Image.fromarray(random.integers(0, 255, (6, 8, 3), dtype=np.uint8))
    picture = picture.resize(size, Image.Resampling.BICUBIC)
    file = io.BytesIO()
    picture.save(file, format_name)
    return file.getvalue()
