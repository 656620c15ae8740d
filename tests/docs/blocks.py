"""The code blocks of a Markdown page, in their order."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_FENCE = re.compile(
    r"^```(?:\{code-block\} )?(?P<language>\w+)\n(?::caption: (?P<caption>[^\n]+)\n\n)?(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced block."""

    language: str
    caption: str
    """Where a reader is told to put it; empty where they are not."""
    text: str


def blocks(page: str) -> list[Block]:
    """Return the blocks of a page that is named from the project's folder."""
    source = (ROOT / page).read_text(encoding="utf-8")
    return [
        Block(found["language"], found["caption"] or "", found["text"]) for found in _FENCE.finditer(source)
    ]
