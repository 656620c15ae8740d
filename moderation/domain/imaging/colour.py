"""Every colour mode that Pillow can decode, brought to 8-bit sRGB with or without alpha."""

from __future__ import annotations

import io
from functools import lru_cache

import numpy as np
from PIL import Image, ImageCms

_ALPHA_MODES = frozenset({"RGBA", "LA", "PA", "RGBa", "La"})
_DEEP_MODES = frozenset({"I", "F", "I;16", "I;16L", "I;16B", "I;16N"})


def to_srgb(image: Image.Image) -> Image.Image:
    """Return ``image`` as ``RGB``, or as ``RGBA`` when some of it is transparent.

    A colour profile is applied, so that a wide-gamut copy looks, and fingerprints, like its sRGB original; one that
    cannot be read is ignored, as browsers do. Colours under full transparency are dropped: what nobody sees is
    neither fingerprinted nor published.
    """
    profile = image.info.get("icc_profile")
    transparent = image.mode in _ALPHA_MODES or "transparency" in image.info
    if image.mode in _DEEP_MODES:
        image, transparent = _eight_bits(image), False
    elif image.mode in ("P", "PA", "1", "La", "RGBa"):
        image = image.convert("RGBA" if transparent else "RGB")
    elif transparent and image.mode in ("L", "RGB"):
        image = image.convert("RGBA")
    if isinstance(profile, bytes) and profile:
        image = _apply_profile(image, profile)
    if not transparent:
        return _to_rgb(image)
    image = image if image.mode == "RGBA" else image.convert("RGBA")
    if image.getchannel("A").getextrema() == (255, 255):
        return image.convert("RGB")
    return image.convert("RGBa").convert("RGBA")


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode == "RGB":
        return image
    if image.mode == "LAB":  # Pillow's convert() knows no way from here
        lab = ImageCms.createProfile("LAB")
        converted = ImageCms.profileToProfile(image, lab, _srgb(), outputMode="RGB")
        return image.convert("L").convert("RGB") if converted is None else converted
    return image.convert("RGB")


def _eight_bits(image: Image.Image) -> Image.Image:
    """Return deep grey as ``L``. Values of a deep mode that stay within 8 bits are taken as 8-bit values."""
    values = np.asarray(image)
    top = float(np.nanmax(values)) if values.size else 0.0
    if image.mode == "F":
        scale = 255.0 if top <= 1.0 else 1.0 if top <= 255.0 else 255.0 / top if np.isfinite(top) else 0.0
        values = np.nan_to_num(values, nan=0.0, posinf=255.0, neginf=0.0) * scale
    elif top > 65535:
        values = values / (top / 255.0)
    elif top > 255:
        values = values >> 8
    return Image.fromarray(np.clip(values, 0, 255).astype(np.uint8))


def _apply_profile(image: Image.Image, profile: bytes) -> Image.Image:
    """Return ``image`` in sRGB; unchanged where the profile is broken, foreign to the mode, or sRGB itself."""
    target = "RGBA" if image.mode == "RGBA" else "RGB"
    try:
        transform = _transform(profile, image.mode, target)
        return image if transform is None else transform.apply(image)
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return image


@lru_cache(maxsize=1)
def _srgb() -> ImageCms.ImageCmsProfile:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))


@lru_cache(maxsize=16)
def _transform(profile: bytes, mode: str, target: str) -> ImageCms.ImageCmsTransform | None:
    """Return a transform into ``target``, or ``None`` where there is nothing to do. Cached: building one takes longer
    than applying it to an avatar."""
    source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    if "sRGB" in ImageCms.getProfileDescription(source):
        return None
    return ImageCms.buildTransform(source, _srgb(), mode, target)
