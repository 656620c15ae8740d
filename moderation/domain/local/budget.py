"""What the second tier may spend on one picture.

Every bound that cuts something off leaves its name in the result: nothing is left out silently.
"""

from __future__ import annotations

from dataclasses import dataclass

TIME_EXCEEDED = "local_time"
"""The only bound that a picture may not pass for: what was not searched is for a person to look at."""


@dataclass(frozen=True, slots=True)
class LocalBudget:
    """Bounds for one query. All but ``milliseconds`` are deterministic."""

    rows: int = 900
    """Query rows: keypoints, and second readings of those whose orientation class is uncertain."""
    few_rows: int = 250
    """A picture with fewer rows, blurred or plain, is looked for more closely: its rows share out what 900 may spend, and two
    votes make a candidate."""
    probes: int = 16
    """Cells that a row looks into."""
    most_probes: int = 256
    """The same in a picture with few rows."""
    cell_rows: int = 4_096
    """Entries looked at in one cell; the oldest are kept, so that equal bans lose the same ones."""
    checks: int = 1_000_000
    """Hamming distances computed by one search, rarest rows first."""
    neighbours: int = 32
    """Nearest banned keypoints kept for a row."""
    most_neighbours: int = 512
    """The same in a picture with few rows."""
    matches: int = 60_000
    """Keypoint matches that enter the vote."""
    shortlist: int = 100
    """Bans that enter the geometric vote."""
    verified: int = 10
    """Bans verified in one round."""
    rounds: int = 3
    """Votes: where a crowd fills one, the keypoints that it explained are taken away for the next."""
    milliseconds: int = 1_500
    """Of processor time, for up to four views: a limit for the worst case. The other bounds bind long before."""
    milliseconds_more: int = 40
    """For each further view of an animation."""

    def seconds_for(self, views: int) -> float:
        """Return the processor time that a search of so many views may take."""
        return (self.milliseconds + self.milliseconds_more * max(0, views - 4)) / 1000

    def probes_of(self, rows: int) -> int:
        """Return the number of cells that each of so many rows looks into."""
        return self._shared(self.probes, rows, self.most_probes)

    def neighbours_of(self, rows: int) -> int:
        """Return the number of nearest banned keypoints kept for each of so many rows."""
        return self._shared(self.neighbours, rows, self.most_neighbours)

    def _shared(self, each: int, rows: int, most: int) -> int:
        if rows >= self.few_rows:
            return each
        return max(each, min(each * self.rows // max(1, rows), most))
