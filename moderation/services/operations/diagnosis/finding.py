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
        """Return a finding that asks for nothing."""
        return cls("ok", message, mended=mended, details=details)

    @classmethod
    def warning(cls, message: str, *, mended: int = 0, **details: Any) -> Finding:
        """Return a finding of what works, and could be better; no failure."""
        return cls("warning", message, mended=mended, details=details)

    @classmethod
    def fault(cls, message: str, *, mended: int = 0, **details: Any) -> Finding:
        """Return a finding that has to be mended; the message says what to do."""
        return cls("fault", message, mended=mended, details=details)

    def named(self, check: str) -> Finding:
        """Return the same finding, of this check."""
        return replace(self, check=check)


Check = Callable[[bool], Finding]
"""Takes whether to repair."""
