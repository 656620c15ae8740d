"""Tables and the plot of the search benchmark."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path
from typing import Any

Row = dict[str, Any]
OURS = "this project, packed"
SHORT = {1_000: "1 k", 10_000: "10 k", 100_000: "100 k", 1_000_000: "1 M", 10_000_000: "10 M"}


def tables(rows: list[Row]) -> str:
    """Return Markdown: microseconds per query, one at a time / in batches of 32, and our part of the best peer's."""
    parts = []
    for bits in (64, 256):
        for kind in ("random", "clustered"):
            chosen = [row for row in rows if (row["bits"], row["kind"]) == (bits, kind)]
            if chosen:
                parts.append(f"**{bits} bits, {kind} codes**\n\n{_table(chosen)}")
    return "\n".join(parts)


def _table(rows: list[Row]) -> str:
    names = [OURS, *sorted({row["name"] for row in rows} - {OURS})]
    lines = [
        f"| entries, radius | {' | '.join(names)} | ours / fastest peer |",
        "|---|" + "---|" * (len(names) + 1),
    ]
    rows = sorted(rows, key=lambda row: (row["size"], row["radius"]))
    for (size, radius), group in groupby(rows, key=lambda row: (row["size"], row["radius"])):
        by_name = {row["name"]: row for row in group}
        cells = [_cell(by_name.get(name)) for name in names]
        ratios = " / ".join(_ratio(by_name, key) for key in ("batch_1_us", "batch_32_us"))
        lines.append(f"| {SHORT.get(size, size)}, r = {radius} | {' | '.join(cells)} | {ratios} |")
    return "\n".join(lines) + "\n"


def _cell(row: Row | None) -> str:
    return "–" if row is None else f"{_short(row['batch_1_us'])} / {_short(row['batch_32_us'])}"


def _short(microseconds: float) -> str:
    return f"{microseconds:,.0f}" if microseconds >= 10 else f"{microseconds:.1f}"


def _ratio(by_name: dict[str, Row], key: str) -> str:
    peers = [row[key] for name, row in by_name.items() if name != OURS]
    return f"{by_name[OURS][key] / min(peers):.2f}" if peers and OURS in by_name else "–"


def plot(rows: list[Row], path: Path) -> None:
    """Plot time per query against size, random codes; a panel per width, radius and way of asking."""
    import matplotlib as mpl

    mpl.use("svg")
    # The same data give the same file.
    mpl.rcParams["svg.hashsalt"] = "search"
    from matplotlib import pyplot as plt

    panels = [(64, 10), (256, 31), (256, 36)]
    figure, axes = plt.subplots(2, len(panels), figsize=(13, 8), sharey="row", layout="constrained")
    names = [OURS, *sorted({row["name"] for row in rows} - {OURS})]
    for line, batch in enumerate((1, 32)):
        for column, (bits, radius) in enumerate(panels):
            axis = axes[line][column]
            for number, name in enumerate(names):
                points = sorted(
                    (row["size"], row[f"batch_{batch}_us"])
                    for row in rows
                    if (row["bits"], row["radius"], row["name"], row["kind"])
                    == (bits, radius, name, "random")
                )
                if points:
                    width = 3 if name == OURS else 1.3
                    axis.loglog(
                        *zip(*points, strict=True),
                        marker="o",
                        linewidth=width,
                        color=f"C{number}",
                        label=name,
                    )
            axis.set_title(
                f"{bits} bits, radius {radius}, " + ("one at a time" if batch == 1 else "32 at a time")
            )
            axis.grid(visible=True, which="major", alpha=0.3)
            axis.set_xlabel("entries")
        axes[line][0].set_ylabel("microseconds per query")
    handles = {
        label: handle
        for axis in axes.flat
        for handle, label in zip(*axis.get_legend_handles_labels(), strict=True)
    }
    figure.legend(handles.values(), handles.keys(), loc="outside lower center", ncols=3)
    figure.savefig(path, metadata={"Date": None})
