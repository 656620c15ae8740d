"""Bar charts as inline SVG: rectangles with titles, coloured by the style sheet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 420, 150, 34, 18, 8


@dataclass(frozen=True, slots=True)
class Part:
    """One layer of a bar."""

    kind: str
    """``good``, ``bad``, ``warn`` or ``plain``: the colour."""
    value: int


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar, from the bottom up."""

    label: str
    title: str
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Rectangle:
    """In the units of the view box."""

    x: float
    y: float
    width: float
    height: float
    kind: str
    title: str


@dataclass(frozen=True, slots=True)
class Plot:
    """Ready for the template."""

    rectangles: tuple[Rectangle, ...]
    labels: tuple[tuple[float, str], ...]
    top: int
    """Value at the upper edge."""
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    base: int = HEIGHT - BOTTOM
    text_y: int = HEIGHT - 5
    upper: int = TOP

    @property
    def empty(self) -> bool:
        """Nothing to draw."""
        return not self.rectangles


def stacked(bars: Sequence[Bar], *, labels: int = 6) -> Plot:
    """Return bars beside one another, with about so many labels below."""
    top = max((sum(part.value for part in bar.parts) for bar in bars), default=0)
    if not top:
        return Plot((), (), 0)
    step = (WIDTH - LEFT) / len(bars)
    scale = (HEIGHT - BOTTOM - TOP) / top
    rectangles = []
    for place, bar in enumerate(bars):
        y = float(HEIGHT - BOTTOM)
        for part in bar.parts:
            if part.value:
                height = part.value * scale
                y -= height
                x = LEFT + place * step + step * 0.1
                rectangles.append(
                    Rectangle(
                        round(x, 1), round(y, 1), round(step * 0.8, 1), round(height, 1), part.kind, bar.title
                    )
                )
    every = max(len(bars) // labels, 1)
    marks = [
        (round(LEFT + place * step, 1), bar.label) for place, bar in enumerate(bars) if place % every == 0
    ]
    return Plot(tuple(rectangles), tuple(marks), top)
