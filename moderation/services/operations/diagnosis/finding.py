"""What a check says."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

Level = Literal["ok", "warning", "fault"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of a diagnosis."""

    level: Level
    message: str
    check: str = ""
    mended: int = 0
    """How many things were repaired."""
    details: Mapping[str, Any] = field(default_factory=dict)
    """Plain data for a script."""

    @classmethod
    def fine(cls, message: str, *, mended: int = 0, **details: Any) -> Finding:
        """Nothing to do."""
        return cls("ok", message, mended=mended, details=details)

    @classmethod
    def warning(cls, message: str, *, mended: int = 0, **details: Any) -> Finding:
        """Works, and could be better; no failure."""
        return cls("warning", message, mended=mended, details=details)

    @classmethod
    def fault(cls, message: str, *, mended: int = 0, **details: Any) -> Finding:
        """Somebody has to do something; the message says what."""
        return cls("fault", message, mended=mended, details=details)

    def named(self, check: str) -> Finding:
        """The same, of this check."""
        return replace(self, check=check)


Check = Callable[[bool], Finding]
"""Takes whether to repair."""
