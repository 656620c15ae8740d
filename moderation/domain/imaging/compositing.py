"""Frames of GIF and APNG files are patches on a canvas; what is looked at is what stands on the screen after each.

Browsers compose so, and Pillow does not in every case: it enlarges a GIF's canvas for a frame that reaches outside,
clears to a background colour that no browser shows, and counts an APNG's hidden default image as a frame.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from PIL import Image

_NOTHING = (0, 0, 0, 0)


class Disposal(Enum):
    """What becomes of a patch when its time is over."""

    KEEP = auto()
    CLEAR = auto()
    RESTORE = auto()


@dataclass(frozen=True, slots=True)
class Patch:
    """Where a frame is drawn, in pixels of the canvas, and how."""

    x: int
    y: int
    width: int
    height: int
    duration: int
    """Milliseconds, as the file says."""
    disposal: Disposal
    over: bool
    """Whether what is transparent lets the canvas shine through; otherwise it replaces it."""

    @property
    def area(self) -> int:
        """In pixels."""
        return self.width * self.height


class Canvas:
    """A screen that starts transparent and takes one patch after the other; ``RGBA``."""

    def __init__(self, size: tuple[int, int]) -> None:
        self._image = Image.new("RGBA", size, _NOTHING)
        self._after: tuple[Image.Image | None, tuple[int, int, int, int]] | None = None

    def visible(self, patch: Patch) -> bool:
        """Return whether any of the patch lies on the canvas."""
        return patch.area > 0 and patch.x < self._image.width and patch.y < self._image.height

    def draw(self, patch: Patch, picture: Image.Image | None) -> Image.Image:
        """Return a copy of the canvas with the next patch on it: ``RGB`` where all of it is opaque, else ``RGBA``.

        ``picture`` is the patch's ``RGB`` or ``RGBA`` content; what lies outside is cut off. ``None``: nothing of it
        is visible.
        """
        self._dispose()
        if picture is not None:
            width = min(patch.width, self._image.width - patch.x)
            height = min(patch.height, self._image.height - patch.y)
            box = patch.x, patch.y, patch.x + width, patch.y + height
            if picture.size != (width, height):
                picture = picture.crop((0, 0, width, height))
            before = self._image.crop(box) if patch.disposal is Disposal.RESTORE else None
            if picture.mode == "RGBA" and patch.over:
                self._image.alpha_composite(picture, box[:2])
            else:
                self._image.paste(picture, box)
            if patch.disposal is not Disposal.KEEP:
                self._after = before, box
        if self._image.getchannel("A").getextrema() == (255, 255):
            return self._image.convert("RGB")
        return self._image.copy()

    def _dispose(self) -> None:
        if self._after is not None:
            before, box = self._after
            self._image.paste(_NOTHING if before is None else before, box)
            self._after = None
