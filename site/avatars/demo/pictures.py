"""The demo's photographs, and what people do to a picture that was turned down."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from PIL import Image, ImageDraw, ImageOps

ORIENTATION = 0x0112
"""The EXIF tag that says how a camera was held."""

BANNED = ("rocket.jpg", "coffee.png")
"""Banned before anything is uploaded."""
BANNED_LATER = "motorcycle_left.png"
"""Uploaded and published first, banned afterwards."""


class PicturesMissing(Exception):
    """Say that scikit-image, which has the demo's photographs, is not installed."""


@dataclass(frozen=True, slots=True)
class Edit:
    """One way to change a picture. ``make`` returns the bytes of a file with this ``suffix``."""

    name: str
    suffix: str
    make: Callable[[Image.Image], bytes]


def photograph(name: str) -> Image.Image:
    """Return one of scikit-image's photographs. Nothing is downloaded; importing scikit-image takes a second and is
    not needed for this. Raises :class:`PicturesMissing`."""
    spec = find_spec("skimage")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        path = Path(folder, "data", name)
        if path.is_file():
            with Image.open(path) as picture:
                return picture.convert("RGB")
    raise PicturesMissing("The demo's photographs are missing: install scikit-image, they come with it.")


def as_jpeg(picture: Image.Image, *, quality: int = 88, exif: Image.Exif | None = None) -> bytes:
    """Return the bytes of a JPEG file."""
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=quality, exif=exif or Image.Exif())
    return file.getvalue()


def _as_gif(picture: Image.Image) -> bytes:
    file = io.BytesIO()
    picture.quantize(64).save(file, "GIF")
    return file.getvalue()


def _as_png(picture: Image.Image) -> bytes:
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()


def _half(picture: Image.Image) -> bytes:
    return as_jpeg(picture.resize((picture.width // 2, picture.height // 2)))


def _bordered(picture: Image.Image) -> bytes:
    return as_jpeg(ImageOps.expand(picture, border=picture.width // 12, fill="white"))


def _as_held_by_a_camera(picture: Image.Image) -> bytes:
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    return as_jpeg(picture.transpose(Image.Transpose.ROTATE_90), exif=exif)


def _captioned(picture: Image.Image) -> bytes:
    captioned = picture.copy()
    draw = ImageDraw.Draw(captioned)
    width, height = picture.size
    draw.rectangle((0, int(height * 0.74), width, height), fill="black")
    draw.text((width // 2, int(height * 0.87)), "FRIDAY!", fill="white", anchor="mm", font_size=height // 6)
    return as_jpeg(captioned)


def _cropped(picture: Image.Image) -> bytes:
    width, height = picture.size
    return as_jpeg(picture.crop((width // 8, height // 8, width - width // 8, height - height // 8)))


def _tilted(picture: Image.Image) -> bytes:
    return as_jpeg(picture.rotate(10, Image.Resampling.BICUBIC, expand=True, fillcolor="white"))


def _in_a_screenshot(picture: Image.Image) -> bytes:
    width, height = picture.size
    screen = Image.new("RGB", (width + 160, height * 2), "#f2f2f2")
    draw = ImageDraw.Draw(screen)
    draw.text((90, 40), "look at this", fill="black", font_size=28)
    screen.paste(picture, (80, 120))
    draw.text((90, height + 160), "12 comments", fill="grey", font_size=24)
    return as_jpeg(screen)


FINGERPRINTED = (
    Edit("recompressed", ".jpg", lambda picture: as_jpeg(picture, quality=18)),
    Edit("half-size", ".jpg", _half),
    Edit("mirrored", ".jpg", lambda picture: as_jpeg(ImageOps.mirror(picture))),
    Edit("turned", ".png", lambda picture: _as_png(picture.transpose(Image.Transpose.ROTATE_90))),
    Edit("bordered", ".jpg", _bordered),
    Edit("64-colours", ".gif", _as_gif),
    Edit("grey", ".jpg", lambda picture: as_jpeg(ImageOps.grayscale(picture))),
    Edit("camera-on-its-side", ".jpg", _as_held_by_a_camera),
    Edit("cmyk", ".jpg", lambda picture: as_jpeg(picture.convert("CMYK"))),
    Edit("captioned", ".jpg", _captioned),
)
"""What the fingerprints find."""
LOCAL = (
    Edit("cropped", ".jpg", _cropped),
    Edit("tilted", ".jpg", _tilted),
    Edit("in-a-screenshot", ".jpg", _in_a_screenshot),
)
"""What the extra ``local`` is for."""
EDITS = FINGERPRINTED + (LOCAL if find_spec("cv2") else ())
"""What this installation is shown with."""
