"""What ``calibrate`` says of the second tier."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from moderation.domain.local.index import METHOD
from moderation.domain.local.signature import LocalFeatures
from moderation.lab.calibration import upper_bound
from moderation.lab.local_calibration import InnocentHits, against, among
from moderation.management.base import JsonCommand, printable
from moderation.models import LocalFingerprint
from moderation.services.search import local

MOST = 1_000
"""Pictures of the sample that the second tier compares: each takes 130 KB of memory and some 50 ms."""
Line = tuple[dict[str, Any], str]
Sample = Mapping[str, Sequence[LocalFeatures]]


def sample_lines(
    command: JsonCommand, sample: Sample, *, sizes: Sequence[int], hold: float, block: float
) -> Iterator[Line]:
    """Compare innocent pictures with one another; yield what a list of each length may do with the tier."""
    with command.progress(f"{METHOD} pairs") as progress:
        found = among(sample, progress=progress.reach)
    values = {
        "algorithm": METHOD,
        "pictures": found.pictures,
        "pairs": found.pairs,
        "pairs_held": found.pairs_held,
        "pairs_blocked": found.pairs_blocked,
        "bound_per_pair": upper_bound(found.pairs_held, found.pairs),
    }
    yield (
        values,
        f"{METHOD}: {found.pairs_held:,} of {found.pairs:,} pairs of {found.pictures:,} pictures would be held, "
        f"{found.pairs_blocked:,} blocked, at most {values['bound_per_pair']:.1e} a pair (95 %)",
    )
    for share, upload, ban in found.nearest[:3]:
        command.stderr.write(
            printable(f"  {upload} shows {share:.0%} of {ban}: are they different pictures?")
        )
    for entries in sizes:
        yield _advice(found, entries, hold=hold, block=block)


def _advice(found: InnocentHits, entries: int, *, hold: float, block: float) -> Line:
    held, blocked = found.flagged(entries=entries, block=False), found.flagged(entries=entries, block=True)
    mode = "off" if held > hold else "hold" if blocked > block else "block"
    values = {
        "algorithm": METHOD,
        "entries": entries,
        "supports": mode,
        "hold_flags_at_most": held,
        "block_flags_at_most": blocked,
    }
    words = {
        "off": "not even holding is shown to be safe by so small a sample",
        "hold": "supports hold",
        "block": "supports block",
    }[mode]
    return values, f"  {entries:>12,} entries: {words}; flags at most {held:.2%} of innocent uploads"


def list_lines(command: JsonCommand, sample: Sample) -> Iterator[Line]:
    """Compare innocent pictures with the blocklists as they are."""
    index, _ = local.banned_signatures.catch_up()
    with command.progress(f"{METHOD} against the lists") as progress:
        found, shown = against(sample, index, local.load, progress=progress.reach)
    entries = dict(
        LocalFingerprint.objects.filter(pk__in={item for _, item in shown}).values_list("pk", "banned_id")
    )
    values = {
        "algorithm": METHOD,
        "list": True,
        "entries": len(index),
        "pictures": found.pictures,
        "held": found.held,
        "blocked": found.blocked,
        "held_at_most": upper_bound(found.held, found.pictures),
        "blocked_at_most": upper_bound(found.blocked, found.pictures),
    }
    yield (
        values,
        f"{METHOD} against {len(index):,} banned signatures: {found.held:,} of {found.pictures:,} pictures would be held, "
        f"{found.blocked:,} blocked where a list lets it, at most {values['held_at_most']:.2%} and "
        f"{values['blocked_at_most']:.2%} (95 %)",
    )
    for name, item in shown[:5]:
        command.stderr.write(printable(f"  {name} shows entry {entries.get(item, 0)}: is it innocent?"))
