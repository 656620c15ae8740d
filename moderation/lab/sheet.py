"""What a layout draws with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PIL import Image

from moderation.lab.marks import Chance


@dataclass(frozen=True, slots=True)
class Sheet:
    """What pictures of a layout have in common, and what is one picture's own."""

    same: Chance
    """The same for all pictures of the layout: its measures, colours and words."""
    own: Chance
    """Of this picture alone."""
    picture: Image.Image
    """Of this picture alone."""
    ground: Image.Image
    """A picture that all share, as a wallpaper or neighbour."""


Draw = Callable[[Sheet], Image.Image]
