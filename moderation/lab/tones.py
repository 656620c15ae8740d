"""Edits that change every pixel and move none."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from PIL import Image, ImageEnhance, ImageFilter, ImageOps


def noisy(picture: Image.Image, random: np.random.Generator, *, sigma: float) -> Image.Image:
    """Add Gaussian noise of ``sigma`` grey levels to each channel."""
    pixels = np.asarray(picture, dtype=np.float32)
    return Image.fromarray(np.clip(pixels + random.normal(0, sigma, pixels.shape), 0, 255).astype(np.uint8))


def _gamma(gamma: float) -> Callable[[Image.Image], Image.Image]:
    table = [round(255 * (value / 255) ** gamma) for value in range(256)] * 3
    return lambda picture: picture.point(table)


def _hue(picture: Image.Image) -> Image.Image:
    hue, saturation, value = picture.convert("HSV").split()
    turned = hue.point([(level + 32) % 256 for level in range(256)])
    return Image.merge("HSV", (turned, saturation, value)).convert("RGB")


def _sepia(picture: Image.Image) -> Image.Image:
    return ImageOps.colorize(picture.convert("L"), "#1a0f05", "#fff0d2", mid="#a0804f")


def _pixelate(picture: Image.Image) -> Image.Image:
    block = max(2, max(picture.size) // 64)
    return picture.reduce(block).resize(picture.size, Image.Resampling.NEAREST)


TONES: Mapping[str, Callable[[Image.Image], Image.Image]] = {
    "brighter": lambda picture: ImageEnhance.Brightness(picture).enhance(1.35),
    "darker": lambda picture: ImageEnhance.Brightness(picture).enhance(0.6),
    "more contrast": lambda picture: ImageEnhance.Contrast(picture).enhance(1.5),
    "less contrast": lambda picture: ImageEnhance.Contrast(picture).enhance(0.6),
    "gamma 0.6": _gamma(0.6),
    "gamma 1.7": _gamma(1.7),
    "grey": lambda picture: picture.convert("L"),
    "less saturation": lambda picture: ImageEnhance.Color(picture).enhance(0.4),
    "more saturation": lambda picture: ImageEnhance.Color(picture).enhance(1.8),
    "hue": _hue,
    "sepia": _sepia,
}

SOFTENING: Mapping[str, Callable[[Image.Image], Image.Image]] = {
    "blur": lambda picture: picture.filter(ImageFilter.GaussianBlur(max(picture.size) / 200)),
    "sharpen": lambda picture: picture.filter(ImageFilter.UnsharpMask(3, 200, 2)),
    "pixelate": _pixelate,
}
