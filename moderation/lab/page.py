"""The report as one HTML page: no script, no file beside it, readable in light and dark."""

from __future__ import annotations

from html import escape

from moderation.lab.report import EditRow, Report

_STYLE = """
:root { color-scheme: light dark; --ink:#1c2128; --soft:#5b6472; --line:#dfe3e8; --paper:#fff; --panel:#f6f7f9;
  --block:#1f7a5c; --hold:#d9a21b; --missed:#c8503c; --innocent:#5a6fd0; }
@media (prefers-color-scheme: dark) { :root { --ink:#e6e9ee; --soft:#9aa4b2; --line:#303742; --paper:#14181d;
  --panel:#1b2027; --block:#45b38e; --hold:#e3b84a; --missed:#e57f6c; --innocent:#8fa0f0; } }
* { box-sizing: border-box } body { margin:0; background:var(--paper); color:var(--ink);
  font:16px/1.5 system-ui, sans-serif } main { max-width:60rem; margin:0 auto; padding:2rem 1.25rem 4rem }
h1 { font-size:1.7rem; line-height:1.2; margin:0 0 .5rem } h2 { font-size:1.15rem; margin:2.5rem 0 .75rem }
p { color:var(--soft); margin:.25rem 0 } .cards { display:grid; gap:.75rem; margin:1.5rem 0;
  grid-template-columns:repeat(auto-fit,minmax(11rem,1fr)) } .card { background:var(--panel); border-radius:.6rem;
  padding:.9rem 1rem } .card b { display:block; font-size:1.55rem; line-height:1.2; font-variant-numeric:tabular-nums }
.card span { color:var(--soft); font-size:.85rem } svg { display:block; width:100%; height:auto; overflow:visible }
.wide { overflow-x:auto } svg text { fill:var(--soft); font:12px system-ui, sans-serif } svg .name { fill:var(--ink) }
.block { fill:var(--block) } .hold { fill:var(--hold) } .missed { fill:var(--missed) } .innocent { fill:var(--innocent) }
.rule { stroke:var(--line) } .radius { stroke:var(--ink); stroke-dasharray:3 3 }
.key { display:flex; flex-wrap:wrap; gap:1.1rem; font-size:.85rem; color:var(--soft); margin:.25rem 0 .75rem }
.key i { display:inline-block; width:.75rem; height:.75rem; border-radius:.2rem; margin-right:.4rem }
table { border-collapse:collapse; width:100%; font-size:.9rem; font-variant-numeric:tabular-nums }
th, td { text-align:left; padding:.35rem .6rem; border-bottom:1px solid var(--line) } td + td, th + th { text-align:right }
"""


def page(found: Report) -> str:
    """Return a whole HTML document."""
    innocents = found["innocents"]
    easy = [group for group in found["groups"] if group["group"] != "hard"]
    worst = min(easy, key=lambda group: group["worst_detected"], default=None)
    cards = [
        (
            _share(min((group["detected"] for group in easy), default=1)),
            "of copies found in the weakest group",
        ),
        (
            _share(worst["worst_detected"]) if worst else "–",
            f"in the hardest easy edit: {worst['worst']}" if worst else "",
        ),
        (
            f"{innocents['block']} + {innocents['hold']}",
            f"of {innocents['pictures']:,} innocent pictures blocked + held",
        ),
        (_share(innocents["rate_at_most"]), "of innocent uploads flagged at most (95 %)"),
    ]
    radii = ", ".join(f"{name} ≤ {band['block']} / {band['hold']}" for name, band in found["radii"].items())
    parts = [
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>",
        f"<title>How many copies are found</title><style>{_STYLE}</style><main>",
        "<h1>How many copies are found, and how many innocents flagged</h1>",
        f"<p>{found['banned']:,} banned pictures on a list of {found['entries']:,}, {len(found['edits'])} edits of each, {_tiers(found)}. Radii (block / hold): {escape(radii)}."
        f" Seed {found['seed']}.</p>",
        "<div class=cards>",
        *(
            f"<div class=card><b>{escape(value)}</b><span>{escape(words)}</span></div>"
            for value, words in cards
        ),
        "</div><h2>Copies found, by edit</h2>",
        _key(("block", "rejected"), ("hold", "held for a person"), ("missed", "missed")),
        f"<div class=wide>{_bars(found)}</div>",
        "<h2>Distances of copies and of innocents</h2>",
        "<p>Share of pictures by their distance to the nearest code of a ban, without the hard edits; "
        "heights are square roots, so that single pictures show. Dashed: the block and the hold radius.</p>",
        _key(("block", "copies of the banned picture"), ("innocent", "innocent pictures")),
        *(
            f"<h3>{escape(name)}</h3><div class=wide>{_curves(found, name)}</div>"
            for name in found["distributions"]
        ),
        _baseline(found),
        _flagged(found),
        "</main></html>",
    ]
    return "\n".join(parts)


def _tiers(found: Report) -> str:
    return "both tiers" if found["tiers"] > 1 else "first tier only"


def _bars(found: Report) -> str:
    """Return a stacked bar for each edit, under the heading of its group."""
    left, width, row = 190, 560, 20
    y, parts = 0, []
    for group in found["groups"]:
        y += 26
        parts.append(
            f'<text class="name" x="0" y="{y}" font-weight="600">{escape(group["group"])}</text>'
            f'<text x="{left + width}" y="{y}" text-anchor="end">{_share(group["detected"])}</text>'
        )
        for edit in found["edits"]:
            if edit["group"] == group["group"]:
                parts.append(_bar(edit, left=left, top=y + 6, width=width))
                y += row
        y += 6
    return (
        f'<svg viewBox="0 0 {left + width + 60} {y + 10}" style="min-width:34rem" role="img" '
        f'aria-label="Share of copies found by edit">{"".join(parts)}</svg>'
    )


def _bar(edit: EditRow, *, left: int, top: int, width: int) -> str:
    parts, x = [f'<text class="name" x="12" y="{top + 12}">{escape(edit["edit"])}</text>'], float(left)
    for kind, count in (("block", edit["block"]), ("hold", edit["hold"]), ("missed", edit["missed"])):
        span = width * count / edit["copies"]
        if count:
            title = f"{edit['edit']}: {count} of {edit['copies']} {kind}"
            parts.append(
                f'<rect class="{kind}" x="{x:.1f}" y="{top}" width="{span:.1f}" height="15"><title>{escape(title)}</title></rect>'
            )
        x += span
    parts.append(f'<text x="{left + width + 8}" y="{top + 12}">{_share(edit["detected"])}</text>')
    return "".join(parts)


def _curves(found: Report, algorithm: str) -> str:
    """Return two histograms over the same axis, with the radii."""
    width, height, foot = 750, 170, 24
    shape = found["distributions"][algorithm]
    band = found["radii"][algorithm.partition("/")[0]]
    last = max(len(shape["copies"]), len(shape["innocents"]), band["hold"] + 10)
    step = width / last
    parts = []
    for kind, counts in (("innocent", shape["innocents"]), ("block", shape["copies"])):
        total, peak = sum(counts) or 1, max(counts, default=0) or 1
        for distance, count in enumerate(counts):
            if count:
                tall = max(1.0, height * (count / peak) ** 0.5)
                title = f"distance {distance}: {count} of {total}"
                parts.append(
                    f'<rect class="{kind}" opacity=".75" x="{distance * step:.1f}" y="{height - tall:.1f}" '
                    f'width="{max(step - 0.5, 0.5):.1f}" height="{tall:.1f}"><title>{title}</title></rect>'
                )
    for name, radius in (("block", band["block"]), ("hold", band["hold"])):
        if radius >= 0:
            x = (radius + 1) * step
            parts.append(f'<line class="radius" x1="{x:.1f}" x2="{x:.1f}" y1="0" y2="{height}"/>')
            side = 'text-anchor="end"' if name == "block" else ""
            at = x - 4 if name == "block" else x + 4
            parts.append(f'<text x="{at:.1f}" y="12" {side}>{name} ≤ {radius}</text>')
    ticks = "".join(
        f'<text x="{tick * step:.1f}" y="{height + 16}" text-anchor="middle">{tick}</text>'
        for tick in range(0, last, 20)
    )
    return (
        f'<svg viewBox="-8 -4 {width + 16} {height + foot + 4}" style="min-width:30rem" role="img" aria-label="Distances by '
        f'{escape(algorithm)}"><line class="rule" x1="0" x2="{width}" y1="{height}" y2="{height}"/>{"".join(parts)}{ticks}</svg>'
    )


def _baseline(found: Report) -> str:
    rows = "".join(
        f"<tr><td>{escape(row['recipe'])}<td>{'–' if row['radius'] is None else row['radius']}"
        f"<td>{'–' if row['detected'] is None else _share(row['detected'])}<td>{row['innocents']}<td>{_share(row['rate'])}"
        for row in found["baseline"]
    )
    if not rows:
        return ""
    head = "<tr><th>imagehash<th>radius<th>copies found<th>innocents flagged<th>share"
    return f"<h2>The same pictures with imagehash</h2><div class=wide><table>{head}{rows}</table></div>"


def _flagged(found: Report) -> str:
    rows = [
        f"<tr><td>{escape(one['name'])}<td>{escape(one['found'])}<td>{escape(one['banned'] or '')}<td>"
        + escape(", ".join(f"{name} {distance}" for name, distance in one["distances"].items()))
        + (f", second tier: {escape(one['local'])}" if one["local"] else "")
        for one in found["innocents"]["flagged"][:100]
    ]
    rows += [
        f"<tr><td>{escape(name)}<td>cannot be banned<td><td>{escape(why)}"
        for name, why in found["refused_bans"]
    ]
    if not rows:
        return ""
    head = "<tr><th>picture<th>what<th>nearest ban<th>distances"
    return f"<h2>Worth a look</h2><div class=wide><table>{head}{''.join(rows)}</table></div>"


def _key(*entries: tuple[str, str]) -> str:
    spans = (f'<span><i style="background:var(--{kind})"></i>{words}</span>' for kind, words in entries)
    return f"<div class=key>{''.join(spans)}</div>"


def _share(value: float) -> str:
    """Return a percentage that says 100 only when it is."""
    return "100 %" if value == 1 else f"{min(value, 0.9999):.1%}".replace("%", " %").replace("100.0", "99.9")
