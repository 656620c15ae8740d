"""Pictures for the faults, drawn here: structured enough to be fingerprinted, all different."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image


def picture(seed: int, *, side: int = 256) -> bytes:
    """Return a PNG of coloured blobs; different seeds do not match each other."""
    rough = np.random.default_rng(seed).integers(0, 255, (12, 12, 3), dtype=np.uint8)
    image = Image.fromarray(rough).resize((side, side), Image.Resampling.BICUBIC)
    return encoded(image, "PNG")


def copy_of(data: bytes, *, quality: int = 60) -> bytes:
    """Return the same picture, smaller and recompressed."""
    with Image.open(io.BytesIO(data)) as image:
        return encoded(image.convert("RGB").resize((200, 200)), "JPEG", quality=quality)


def encoded(image: Image.Image, format_name: str, **options: int) -> bytes:
    file = io.BytesIO()
    image.save(file, format_name, **options)
    return file.getvalue()
