"""A file whose header was read: its measures, and its frames one after the other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from PIL import Image

from moderation.domain.imaging.colour import to_srgb
from moderation.domain.imaging.compositing import Canvas
from moderation.domain.imaging.gif import GifFrame, decode_frame
from moderation.domain.imaging.png import PngFile

ANIMATED_FORMATS = frozenset({"WEBP", "AVIF"})
"""Formats whose further frames Pillow decodes for us, and a browser shows. Pages and embedded previews of others are
not shown."""

_SHORTEST_DELAY = 10
_USUAL_DELAY = 100
"""Milliseconds: browsers show a frame that says 10 or less for 100."""

_DRAFT_SHORTFALL = 0.8
"""A JPEG may be decoded to this share of the wanted longest side: a 12 MP photograph then decodes at a quarter of
its size (1,000 px) rather than at half, in three quarters of the time."""
_DRAFT_SHORTEST = 256

_EXIF_ORIENTATION = 0x0112
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


@dataclass(frozen=True, slots=True)
class Frame:
    """One decoded frame: ``RGB`` or ``RGBA``, upright, in sRGB."""

    image: Image.Image
    duration: int
    """Milliseconds that browsers show it; 0 for a still."""
    stored: Image.Image | None = None
    """As it stands in the file: not upright, in its own colours; valid until the next frame is asked for. None where the
    file has only parts of it, which are composed."""


class Opened(Protocol):
    """An opened file. Everything that decodes is to be called within ``opening.refusing``."""

    format: str
    """Pillow's name."""
    size: tuple[int, int]
    """Of what is shown, in pixels, before it is set upright."""
    frames: int
    """That a browser shows."""

    def cost(self, number: int) -> int:
        """Return the pixels that the decoder has to go through for a frame."""
        ...

    def scale_down(self, side: int) -> None:
        """Allow decoding at a smaller scale, as long as the longest side stays about ``side`` or more."""
        ...

    def frame(self, number: int) -> Frame:
        """Decode a frame; numbers ascend from 0, each once."""
        ...

    def check(self, number: int) -> None:
        """Decode a frame and drop it."""
        ...


class PillowFile:
    """A file that Pillow reads as it is."""

    def __init__(self, image: Image.Image) -> None:
        self._image = image
        self.format = image.format or ""
        self.size = image.size
        self.frames = int(getattr(image, "n_frames", 1)) if self.format in ANIMATED_FORMATS else 1

    def cost(self, number: int) -> int:
        """Return the pixels of the whole canvas."""
        return self.size[0] * self.size[1]

    def scale_down(self, side: int) -> None:
        """Let a JPEG decoder skip what is scaled away: libjpeg decodes at 1/2, 1/4 or 1/8."""
        width, height = self.size
        for scale in (8, 4, 2):
            long_enough = max(width, height) >= side * _DRAFT_SHORTFALL * scale
            if long_enough and min(width, height) >= _DRAFT_SHORTEST * scale:
                self._image.draft("RGB", (width // scale, height // scale))
                return

    def frame(self, number: int) -> Frame:
        """Decode a frame, in sRGB and upright."""
        self.check(number)
        picture = upright(to_srgb(self._image), orientation(self._image))
        if picture is self._image and self.frames > 1:
            picture = picture.copy()  # the next seek() draws over it
        duration = shown_for(self._image.info.get("duration", 0)) if self.frames > 1 else 0
        return Frame(picture, duration, self._image)

    def check(self, number: int) -> None:
        """Decode a frame."""
        if number or self.frames > 1:
            self._image.seek(number)
        self._image.load()


class GifFile:
    """A GIF, composed as browsers do."""

    format = "GIF"

    def __init__(self, data: bytes, frames: list[GifFrame], size: tuple[int, int]) -> None:
        self._data = data
        self._frames = frames
        self._canvas: Canvas | None = None
        self.size = size
        self.frames = len(frames)

    def cost(self, number: int) -> int:
        """Return the pixels of the canvas, or of the frame where that is larger."""
        return max(self.size[0] * self.size[1], self._frames[number].patch.area)

    def scale_down(self, side: int) -> None:
        """Do nothing: a GIF has one scale."""

    def frame(self, number: int) -> Frame:
        """Decode a frame and draw it onto what stands there."""
        self._canvas = self._canvas or Canvas(self.size)
        frame = self._frames[number]
        visible = self._canvas.visible(frame.patch)
        shown = self._canvas.draw(frame.patch, decode_frame(self._data, frame) if visible else None)
        return Frame(shown, shown_for(frame.patch.duration) if self.frames > 1 else 0)

    def check(self, number: int) -> None:
        """Decode a frame, if any of it is visible."""
        frame = self._frames[number]
        if frame.patch.x < self.size[0] and frame.patch.y < self.size[1]:
            decode_frame(self._data, frame)


class ApngFile:
    """An animated PNG, composed as browsers do; its default image is a frame only where the file says so."""

    format = "PNG"

    def __init__(self, png: PngFile) -> None:
        self._png = png
        self._canvas: Canvas | None = None
        self.size = png.size
        self.frames = len(png.frames)

    def cost(self, number: int) -> int:
        """Return the pixels of the canvas."""
        return self.size[0] * self.size[1]

    def scale_down(self, side: int) -> None:
        """Do nothing: a PNG has one scale."""

    def frame(self, number: int) -> Frame:
        """Decode a frame and draw it onto what stands there."""
        self._canvas = self._canvas or Canvas(self.size)
        frame = self._png.frames[number]
        image = self._png.frame(frame)
        image.load()
        shown = upright(self._canvas.draw(frame.patch, to_srgb(image)), orientation(image))
        return Frame(shown, shown_for(frame.patch.duration) if self.frames > 1 else 0)

    def check(self, number: int) -> None:
        """Decode a frame."""
        self._png.frame(self._png.frames[number]).load()


def shown_for(duration: object) -> int:
    """Return the milliseconds that browsers show a frame whose file says ``duration``."""
    try:
        said = max(0, int(duration))  # type: ignore[call-overload]
    except (TypeError, ValueError, OverflowError):
        said = 0
    return said if said > _SHORTEST_DELAY else _USUAL_DELAY


def orientation(image: Image.Image) -> int:
    """Return the EXIF orientation, 1 where there is none or where it cannot be read."""
    if "exif" not in image.info and image.format != "TIFF":
        return 1
    try:
        return int(image.getexif().get(_EXIF_ORIENTATION, 1))
    except Exception:  # noqa: BLE001  a broken EXIF block is no reason to refuse the picture
        return 1


def upright(picture: Image.Image, orientation: int) -> Image.Image:
    """Return the picture as it is to be shown."""
    return picture.transpose(_UPRIGHT[orientation]) if orientation in _UPRIGHT else picture
