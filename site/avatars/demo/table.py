"""The demo's table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from avatars.demo.show import Row

HEAD = ("file", "verdict", "reason", "found by", "distance", "time")
WORDS = 4
"""How many columns are words; the others are figures."""


def cells(row: Row) -> tuple[str, ...]:
    """Return a row in words."""
    distance = "" if row.distance is None else str(row.distance)
    return (row.file, row.verdict, row.reason, row.method, distance, f"{row.milliseconds:.0f} ms")


def lines(rows: Sequence[Row]) -> Iterable[str]:
    """Return the table, its columns aligned; numbers to the right."""
    table = [HEAD, *map(cells, rows)]
    widths = [max(len(line[column]) for line in table) for column in range(len(HEAD))]
    for number, line in enumerate(table):
        words = [text.ljust(width) for text, width in zip(line[:WORDS], widths[:WORDS], strict=True)]
        figures = [text.rjust(width) for text, width in zip(line[WORDS:], widths[WORDS:], strict=True)]
        yield "  " + "   ".join([*words, *figures])
        if number == 0:
            yield "  " + "   ".join("─" * width for width in widths)
