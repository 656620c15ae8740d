"""Pictures drawn in memory: no file of a real person is needed, and a seed gives the same bytes always."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageOps


def scene(seed: int, size: tuple[int, int] = (420, 320)) -> Image.Image:
    """Draw something like a photograph: soft light, a few dozen shapes, a little grain; RGB."""
    random = np.random.default_rng(seed)
    width, height = size
    coarse = random.integers(0, 255, (5, 6, 3), dtype=np.uint8)
    picture = Image.fromarray(coarse).resize(size, Image.Resampling.BICUBIC)
    draw = ImageDraw.Draw(picture)
    for _ in range(40):
        x, y = int(random.integers(0, width)), int(random.integers(0, height))
        w, h = (int(value) for value in random.integers(15, max(width // 3, 16), 2))
        colour = tuple(int(value) for value in random.integers(0, 255, 3))
        shape = draw.ellipse if random.random() < 0.6 else draw.rectangle
        shape((x - w // 2, y - h // 2, x + w // 2, y + h // 2), fill=colour)
    picture = picture.filter(ImageFilter.GaussianBlur(1.2))
    grain = random.normal(0, 4, (height, width, 1))
    return Image.fromarray(np.clip(np.asarray(picture) + grain, 0, 255).astype(np.uint8))


def flat(colour: tuple[int, int, int] = (30, 90, 200), size: tuple[int, int] = (200, 200)) -> Image.Image:
    """Draw one colour."""
    return Image.new("RGB", size, colour)


def encode(picture: Image.Image, format_name: str = "JPEG", **options: Any) -> bytes:
    """Return the bytes of a file."""
    if format_name == "JPEG":
        options = {"quality": 90} | options
    file = io.BytesIO()
    picture.save(file, format_name, **options)
    return file.getvalue()


def animation(*frames: Image.Image, format_name: str = "GIF") -> bytes:
    """Encode an animation of these frames."""
    return encode(frames[0], format_name, save_all=True, append_images=list(frames[1:]), duration=100)


def edited_copies(picture: Image.Image) -> dict[str, bytes]:
    """Return the edits that must be caught always, by name."""
    width, height = picture.size
    exif = Image.Exif()
    exif[0x0112] = 6
    return {
        "recompressed": encode(picture, quality=35),
        "resized": encode(picture.resize((width // 2, height // 2))),
        "mirrored": encode(ImageOps.mirror(picture)),
        "rotated": encode(picture.transpose(Image.Transpose.ROTATE_90)),
        "bordered": encode(ImageOps.expand(picture, width // 12, "white")),
        "palette GIF": encode(picture.quantize(64), "GIF"),
        "CMYK": encode(picture.convert("CMYK")),
        "EXIF-rotated": encode(picture.transpose(Image.Transpose.ROTATE_90), exif=exif),
    }
