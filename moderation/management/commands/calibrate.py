"""``manage.py calibrate``."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from moderation.conf import get_settings
from moderation.domain.algorithms import LIST_SIZES, radii_for
from moderation.domain.analysis import Analysis
from moderation.domain.radii import Band
from moderation.exceptions import ModerationError
from moderation.lab.calibration import PairDistances, advise, compare, smallest_showable, upper_bound
from moderation.management import local_calibration
from moderation.management.arguments import at_least
from moderation.management.base import JsonCommand, printable, wrong_usage
from moderation.management.pictures import files_under, read
from moderation.models import Upload
from moderation.services.decoder import decoder
from moderation.services.search.local import features_of
from moderation.storage import public


class Command(JsonCommand):
    help = (
        "Measure how near innocent pictures come to one another, and say which radii that supports, and what the second "
        "tier may do. The pictures have to be different ones: copies among them look like false positives. Changes nothing."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--innocent",
            type=Path,
            metavar="DIR",
            help="Different innocent pictures; by default this site's approved uploads.",
        )
        parser.add_argument(
            "--limit", type=at_least(2), default=5_000, metavar="N", help="At most so many pictures."
        )
        parser.add_argument(
            "--target", type=_share, default=0.01, help="Share of innocent uploads that may be held (0.01)."
        )
        parser.add_argument(
            "--block-target",
            type=_share,
            default=0.001,
            help="Share of innocent uploads that may be rejected (0.001).",
        )
        parser.add_argument(
            "--entries",
            type=at_least(1),
            action="append",
            metavar="N",
            help="Length of the list; may be given again.",
        )
        parser.add_argument(
            "--radius",
            type=_radius,
            action="append",
            default=[],
            metavar="NAME=BITS",
            help="Ask whether this radius is supported.",
        )

        parser.add_argument(
            "--list",
            action="store_true",
            help="Also count what the second tier finds in them of the blocklists as they are; always done with "
            "this site's own uploads.",
        )
        parser.add_argument(
            "--tiers",
            type=int,
            choices=(1, 2),
            help="1 leaves the second tier out; 2 insists on it. By default it is measured where it is on, with the "
            f"first {local_calibration.MOST:,} pictures.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        with_parts = get_settings().local and options["tiers"] != 1
        if options["tiers"] == 2 and not with_parts:
            raise wrong_usage(
                "The second tier is off: it needs the extra `local` (OpenCV) and the setting LOCAL."
            )
        analyses = self._analysed(options["innocent"], options["limit"], with_parts=with_parts)
        if len(analyses) < 2:
            raise wrong_usage("Two pictures that can be read are the least that can be compared.")
        asked = dict(options["radius"])
        if unknown := set(asked) - set(get_settings().algorithms):
            raise wrong_usage(f"This installation does not compute {', '.join(sorted(unknown))}.")
        for algorithm in get_settings().algorithms:
            with self.progress(f"{algorithm} pairs") as progress:
                distances = compare(analyses, algorithm, progress=progress.reach)
            self._rates(distances)
            for entries in options["entries"] or LIST_SIZES:
                self._advice(distances, entries, hold=options["target"], block=options["block_target"])
                if algorithm in asked:
                    self._answer(distances, asked[algorithm], entries, options["target"])
        if with_parts:
            self._second_tier(analyses, options)

    def _second_tier(self, analyses: dict[str, Analysis], options: dict[str, Any]) -> None:
        sample = {name: features_of(one) for name, one in analyses.items() if one.local}
        sizes = options["entries"] or LIST_SIZES
        hold, block = options["target"], options["block_target"]
        for values, words in local_calibration.sample_lines(
            self, sample, sizes=sizes, hold=hold, block=block
        ):
            self.emit(values, words)
        if options["list"] or options["innocent"] is None:
            for values, words in local_calibration.list_lines(self, sample):
                self.emit(values, words)

    def _analysed(self, folder: Path | None, limit: int, *, with_parts: bool) -> dict[str, Analysis]:
        found: dict[str, Analysis] = {}
        with self.progress("pictures", total=None) as progress:
            for name, data in _from_folder(folder) if folder else _approved():
                if len(found) == limit:
                    break
                options = get_settings().analysis(local=with_parts and len(found) < local_calibration.MOST)
                try:
                    found[name] = decoder().analyse(data, options)
                except ModerationError as error:
                    self.stderr.write(f"{name} is left out: {error}")
                progress.advance()
        return found

    def _rates(self, distances: PairDistances) -> None:
        """Print what was seen at the radii in force for a short list."""
        band = radii_for(distances.algorithm, LIST_SIZES[0])
        for radius in sorted({band.block, band.hold}):
            within = distances.within(radius)
            bound = upper_bound(within, distances.independent)
            self.emit(
                {
                    "algorithm": distances.algorithm,
                    "radius": radius,
                    "pictures": distances.pictures,
                    "pairs": distances.independent,
                    "queries_per_upload": round(distances.queries, 2),
                    "within": within,
                    "bound_per_pair": bound,
                },
                f"{distances.algorithm} ≤ {radius}: {within:,} of {distances.independent:,} pairs of {distances.pictures:,} "
                f"pictures ({distances.queries:.1f} queries an upload), at most {bound:.1e} a pair (95 %)",
            )
        for distance, upload, ban in distances.nearest[:3]:
            self.stderr.write(
                printable(f"  nearest: {upload} and {ban}, {distance} bits: are they different pictures?")
            )

    def _advice(self, distances: PairDistances, entries: int, *, hold: float, block: float) -> None:
        held = advise(distances, entries=entries, target=hold)
        blocked = advise(distances, entries=entries, target=block)
        default: Band = radii_for(distances.algorithm, entries)
        radius = f"hold ≤ {held.radius}" if held.radius >= 0 else f"no hold radius: {held.refusal}"
        second = f"block ≤ {blocked.radius}" if blocked.radius >= 0 else "no block radius is supported"
        self.emit(
            {
                "algorithm": distances.algorithm,
                "entries": entries,
                "hold": held.radius if held.radius >= 0 else None,
                "hold_flags_at_most": held.bound,
                "block": blocked.radius if blocked.radius >= 0 else None,
                "block_flags_at_most": blocked.bound,
                "refusal": held.refusal or blocked.refusal or None,
                "default": [default.block, default.hold],
            },
            f"  {entries:>12,} entries: {radius}; {second} (default {default.block} / {default.hold})",
        )

    def _answer(self, distances: PairDistances, radius: int, entries: int, target: float) -> None:
        most = advise(distances, entries=entries, target=target)
        ok = radius <= most.radius
        words = "is supported" if ok else "is refused: this sample supports "
        if not ok:
            words += f"at most {most.radius}" if most.radius >= 0 else "none"
        showable = smallest_showable(distances.pictures)
        self.emit(
            {
                "algorithm": distances.algorithm,
                "entries": entries,
                "radius": radius,
                "supported": ok,
                "showable": showable,
            },
            f"  {distances.algorithm} ≤ {radius} with {entries:,} entries {words}",
            ok=ok,
        )


def _from_folder(folder: Path) -> Iterator[tuple[str, bytes]]:
    for one in files_under([folder]):
        if isinstance(one, Path):
            yield printable(one), read(one).data


def _approved() -> Iterable[tuple[str, bytes]]:
    """Yield the site's own approved uploads, newest first: exact copies once."""
    seen: set[bytes] = set()
    rows = Upload.objects.filter(status=Upload.Status.APPROVED).order_by("-pk")
    for reference, name, pixels in rows.values_list("reference", "published", "pixels").iterator():
        if not name or bytes(pixels or b"") in seen:
            continue
        seen.add(bytes(pixels or b""))
        try:
            with public().open(name) as file:
                yield reference, file.read()
        except OSError:
            continue


def _share(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no number") from None
    if not 0 < value < 1:
        raise argparse.ArgumentTypeError("it must lie between 0 and 1")
    return value


def _radius(text: str) -> tuple[str, int]:
    name, _, bits = text.partition("=")
    if not bits.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not like dhash256=36")
    return name, int(bits)
