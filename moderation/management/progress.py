"""A bar on stderr. Where stderr is no terminal, nothing is drawn: logs stay readable."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Self

from django.core.management.base import OutputWrapper

WIDTH = 24
BETWEEN_DRAWINGS = 0.1
"""Seconds."""


class Progress:
    """Counts up to ``total``, or without end where that is unknown."""

    def __init__(self, stream: OutputWrapper, label: str, *, total: int | None = None) -> None:
        self.total = total
        self.done = 0
        self._stream = stream
        self._label = label
        self._live = stream.isatty()
        self._started = time.monotonic()
        self._next = 0.0
        self._drawn = False

    def advance(self, count: int = 1) -> None:
        """Note that ``count`` more are done."""
        self.reach(self.done + count)

    def reach(self, done: int, total: int | None = None) -> None:
        """Note that so many are done altogether."""
        self.done = done
        self.total = total or self.total
        if self._live and time.monotonic() >= self._next:
            self._draw()

    def hide(self) -> None:
        """Clear the line, for something else to be written there."""
        if self._drawn:
            self._write("\r\x1b[K")
            self._drawn, self._next = False, 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.hide()

    def _draw(self) -> None:
        self._next = time.monotonic() + BETWEEN_DRAWINGS
        seconds = time.monotonic() - self._started
        speed = f"{self.done / seconds:,.0f}/s" if seconds > 0.5 else ""
        if self.total:
            share = min(self.done / self.total, 1.0)
            bar = ("█" * round(share * WIDTH)).ljust(WIDTH, "░")
            text = f"{self._label} {bar} {share:4.0%}  {self.done:,} of {self.total:,}  {speed}"
        else:
            text = f"{self._label} {self.done:,}  {speed}"
        self._write(f"\r{text}\x1b[K")
        self._drawn = True

    def _write(self, text: str) -> None:
        self._stream.write(text, style_func=str, ending="")
        self._stream.flush()
