"""What the second tier may spend on one picture.

Every cap that cuts something off leaves its name in the result: nothing is left out silently.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LocalCaps:
    """Bounds for one query. All but ``milliseconds`` are deterministic."""

    rows: int = 900
    """Query rows: keypoints, and second readings of those whose orientation class is uncertain."""
    probes: int = 16
    """Cells that a row looks into."""
    cell_rows: int = 4_096
    """Entries looked at in one cell; the oldest are kept, so that equal bans lose the same ones."""
    checks: int = 1_000_000
    """Hamming distances computed by one search, rarest rows first."""
    neighbours: int = 32
    """Nearest banned keypoints kept for a row."""
    matches: int = 60_000
    """Keypoint matches that enter the vote."""
    shortlist: int = 100
    """Bans that enter the geometric vote."""
    verified: int = 10
    """Bans verified in one round."""
    rounds: int = 3
    """Votes: after each, the keypoints that a ban explained without being confirmed are taken away."""
    milliseconds: int = 1_500
    """Of processor time: the emergency brake. The deterministic caps bind long before."""
