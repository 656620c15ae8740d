"""A report for the terminal."""

from __future__ import annotations

from moderation.lab.report import EditRow, Flagged, GroupRow, Overall, Report


def text_table(found: Report) -> str:
    """Return text for a terminal: a line for each edit and group, then the innocents."""
    lines = [
        f"{'edit':<28}{'copies':>7}{'block':>9}{_tiers(found, 'tier 1', 'tier 2 *')}{_last(found):>12}  missed"
    ]
    for group in found["groups"]:
        lines += ["", f"{group['group']:<35}{_shares(found, group)}"]
        for row in found["edits"]:
            if row["group"] == group["group"]:
                names = ", ".join(row["missed_names"][:3]) + (" …" if row["missed"] > 3 else "")
                lines.append(f"  {row['edit']:<26}{row['copies']:>7}{_shares(found, row)}  {names}")
    if found["overall"]:
        lines += ["", f"{'mean of all edits':<35}{_shares(found, found['overall'])}"]
        if found["tiers"] > 1:
            lines.append("* of the copies that the first tier misses")
    lines += ["", f"{found['entries']:,} pictures on the list"]
    innocents = found["innocents"]
    lines += [
        f"innocent pictures {innocents['pictures']:,}: blocked {innocents['block']}, held {innocents['hold']}"
        + (f"; by the second tier {innocents['local']}" if found["tiers"] > 1 else ""),
    ]
    lines.append(f"flagged {innocents['rate']:.3%}, at most {innocents['rate_at_most']:.3%} (95 %)")
    lines += [
        f"  {one['name']} ~ {one['banned']} {one['distances']}{_shown(one)}"
        for one in innocents["flagged"][:20]
    ]
    lines += [f"could not be banned: {name} ({reason})" for name, reason in found["refused_bans"]]
    lines += _baseline(found)
    return "\n".join(lines)


def _baseline(found: Report) -> list[str]:
    if not found["baseline"]:
        return []
    head = f"{'imagehash, for comparison':<28}{'radius':>7}{'copies':>9}{'innocents flagged':>20}"
    return [
        "",
        head,
        *(
            f"  {row['recipe']:<26}{'–' if row['radius'] is None else row['radius']:>7}"
            f"{'–' if row['detected'] is None else format(row['detected'], '.1%'):>9}{row['rate']:>20.3%}"
            for row in found["baseline"]
        ),
    ]


def _last(found: Report) -> str:
    return "either" if found["tiers"] > 1 else "block+hold"


def _shares(found: Report, row: EditRow | GroupRow | Overall) -> str:
    first, second = f"{row['first']:.1%}", "–" if row["second"] is None else f"{row['second']:.1%}"
    return f"{row['blocked']:>9.1%}{_tiers(found, first, second)}{row['detected']:>12.1%}"


def _tiers(found: Report, first: str, second: str) -> str:
    """Return a column for each tier, where there are two."""
    return f"{first:>9}{second:>10}" if found["tiers"] > 1 else ""


def _shown(one: Flagged) -> str:
    return f" second tier: {one['local']}" if one["local"] else ""
