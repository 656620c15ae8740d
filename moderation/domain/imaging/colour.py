"""Every colour mode that Pillow can decode, brought to 8-bit sRGB with or without alpha."""

from __future__ import annotations

import io
from functools import lru_cache

import numpy as np
from PIL import Image, ImageCms

_ALPHA_MODES = frozenset({"RGBA", "LA", "PA", "RGBa", "La"})
_TAKEN = {("GRAY", "L"): "L", ("RGB", "L"): "RGB", ("RGB", "RGB"): "RGB", ("CMYK", "CMYK"): "CMYK"}
"""A profile's colour space and a picture's mode → the mode in which it is applied."""
_DEEP_MODES = frozenset({"I", "F", "I;16", "I;16L", "I;16B", "I;16N"})


def to_srgb(image: Image.Image) -> Image.Image:
    """Return ``image`` as ``RGB``, or as ``RGBA`` when some of it is transparent.

    A colour profile is applied, so that a wide-gamut copy looks, and fingerprints, like its sRGB original; one that
    cannot be read is ignored, as browsers do. Colours under full transparency are dropped: what nobody sees is
    neither fingerprinted nor published.
    """
    profile = image.info.get("icc_profile")
    colour, alpha = _apart(image)
    if isinstance(profile, bytes) and profile:
        # What has a grey profile and is shown at all is grey in an AVIF file, which Pillow decodes to colour.
        colour = _apply_profile(colour, profile, grey=image.info.get("grey", image.format == "AVIF"))
    colour = _to_rgb(colour)
    if alpha is None or alpha.getextrema() == (255, 255):
        return colour
    colour = colour.copy() if colour is image else colour
    colour.putalpha(alpha)
    return colour.convert("RGBa").convert("RGBA")


def _apart(image: Image.Image) -> tuple[Image.Image, Image.Image | None]:
    """Return the colours, in a mode that a profile may be for, and the alpha channel where there is one."""
    transparent = image.mode in _ALPHA_MODES or "transparency" in image.info
    if image.mode in _DEEP_MODES:
        transparency = image.info.get("transparency")
        image = _eight_bits(image)
        if transparent:
            image.info["transparency"] = transparency
    if not transparent:
        return (image.convert("RGB") if image.mode in ("P", "1") else image), None
    if image.mode in ("L", "LA", "La"):
        grey, alpha = image.convert("LA").split()
        return grey, alpha
    red, green, blue, alpha = image.convert("RGBA").split()
    return Image.merge("RGB", (red, green, blue)), alpha


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
    elif image.format == "PNG":
        values = values >> 8
    elif top > 65535:
        values = values / (top / 255.0)
    elif top > 255:
        values = values >> 8
    return Image.fromarray(np.clip(values, 0, 255).astype(np.uint8))


def _apply_profile(image: Image.Image, profile: bytes, *, grey: bool) -> Image.Image:
    """Return ``image`` in sRGB; unchanged where the profile is broken, foreign to the mode, or sRGB itself.

    ``grey``: a picture in ``RGB`` has no colour, and may have a profile for grey.
    """
    try:
        transform = _transform(profile, image.mode, grey)
        return image if transform is None else transform.apply(image.convert(transform.input_mode))
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return image


@lru_cache(maxsize=1)
def _srgb() -> ImageCms.ImageCmsProfile:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))


@lru_cache(maxsize=16)
def _transform(profile: bytes, mode: str, grey: bool) -> ImageCms.ImageCmsTransform | None:
    """Return the way from a profile to sRGB for pictures of a mode; ``None``: nothing to do.

    A grey picture may have a profile for colours, as browsers have it. Cached: building a transform takes longer than
    applying it to an avatar.
    """
    source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    space = source.profile.xcolor_space.strip()
    taken = _TAKEN.get((space, "L" if grey and space == "GRAY" else mode))
    if taken is None or "sRGB" in ImageCms.getProfileDescription(source):
        return None
    return ImageCms.buildTransform(source, _srgb(), taken, "RGB")
