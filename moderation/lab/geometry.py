"""Edits that move pixels: scaling, turning, cropping, embedding."""

from __future__ import annotations

import io

from PIL import Image, ImageDraw, ImageFilter, ImageOps

_EXIF_ORIENTATION = 0x0112


def scaled(picture: Image.Image, across: float, down: float) -> Image.Image:
    """Resize by a factor for each axis."""
    size = max(1, round(picture.width * across)), max(1, round(picture.height * down))
    return picture.resize(size, Image.Resampling.LANCZOS)


def fitted(picture: Image.Image, side: int) -> Image.Image:
    """Resize to a longest side of ``side`` pixels."""
    factor = side / max(picture.size)
    return scaled(picture, factor, factor)


def exif_rotated(picture: Image.Image) -> bytes:
    """Store the picture lying on its side, with the EXIF tag that turns it upright."""
    exif = Image.Exif()
    exif[_EXIF_ORIENTATION] = 6
    target = io.BytesIO()
    picture.transpose(Image.Transpose.ROTATE_90).save(target, "JPEG", quality=88, exif=exif)
    return target.getvalue()


def cropped(picture: Image.Image, *, sides: tuple[int, int, int, int]) -> Image.Image:
    """Cut by so many per cent on the left, top, right and bottom."""
    left, top, right, bottom = sides
    width, height = picture.size
    box = (
        width * left // 100,
        height * top // 100,
        width - width * right // 100,
        height - height * bottom // 100,
    )
    return picture.crop(box)


def tilted(picture: Image.Image, *, degrees: float) -> Image.Image:
    """Rotate; the corners that appear are black."""
    return picture.rotate(degrees, Image.Resampling.BICUBIC)


def perspective(picture: Image.Image) -> Image.Image:
    """Return the picture as photographed from the side: the right edge is 12 % shorter."""
    width, height = picture.size
    corners = (0, 0, 0, height, width, height * 1.06, width, -height * 0.06)
    return picture.transform(picture.size, Image.Transform.QUAD, corners, Image.Resampling.BICUBIC)


def circle_masked(picture: Image.Image) -> Image.Image:
    """Cut a square from the centre, in a circle on white."""
    side = min(picture.size)
    square = ImageOps.fit(picture, (side, side))
    mask = Image.new("L", (side, side), 0)
    ImageDraw.Draw(mask).ellipse((0, 0, side - 1, side - 1), fill=255)
    return Image.composite(square, Image.new("RGB", (side, side), "white"), mask)


def story_pad(picture: Image.Image) -> Image.Image:
    """Put the picture in the middle of a 9:16 canvas, over a blurred and enlarged copy of itself."""
    width, height = 540, 960
    canvas = ImageOps.fit(picture, (width, height)).filter(ImageFilter.GaussianBlur(24))
    inner = ImageOps.contain(picture, (width, round(height * 0.6)))
    canvas.paste(inner, ((width - inner.width) // 2, (height - inner.height) // 2))
    return canvas


def collage(picture: Image.Image, other: Image.Image) -> Image.Image:
    """Return the left half of a collage with another picture."""
    canvas = Image.new("RGB", (picture.width * 2, picture.height))
    canvas.paste(picture, (0, 0))
    canvas.paste(ImageOps.fit(other, picture.size), (picture.width, 0))
    return canvas


def picture_in_picture(picture: Image.Image, other: Image.Image) -> Image.Image:
    """Paste the picture at 60 % of the size into the corner of another one."""
    canvas = ImageOps.fit(other, picture.size)
    inner = scaled(picture, 0.6, 0.6)
    canvas.paste(inner, (canvas.width - inner.width - 8, canvas.height - inner.height - 8))
    return canvas
