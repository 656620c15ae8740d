"""``manage.py import_hashes``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from moderation import selectors
from moderation.exceptions import BadHashLine, HashFileUnreadable, NeedsConfirmation, UnknownBlocklist
from moderation.management.arguments import at_least
from moderation.management.base import JsonCommand, printable, wrong_usage
from moderation.models import Blocklist
from moderation.services.blocklists import imports
from moderation.services.blocklists.hash_files import BadLine
from moderation.services.blocklists.imports import Callbacks, Imported
from moderation.services.dispatching import dispatcher
from moderation.services.rescans import rescan

SHOWN = 1_000
"""Bad lines that get a line of their own; all are counted."""


class Command(JsonCommand):
    help = (
        "Import hashes as entries of a list. FILE is CSV with the header algorithm,hash and optional id,label,source, "
        "or JSON lines with these keys; a hash is what imagehash's str() and the PDQ tools print. Lines with the same "
        "id that follow one another become one entry. Bad lines are reported by number and left out. Interrupted, the "
        "same command goes on where it stopped. A hash without its picture is found in its own orientation only: a "
        "ban from a picture also enters its mirrored and turned forms, which cannot be made from a hash."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", metavar="FILE", type=Path)
        parser.add_argument(
            "--blocklist", metavar="SLUG", default="default", help="Into which list (default)."
        )
        parser.add_argument(
            "--atomic",
            action="store_true",
            help="All or nothing: one bad line and nothing is imported. Screenings wait meanwhile.",
        )
        parser.add_argument(
            "--batch",
            metavar="N",
            type=at_least(1),
            default=imports.LINES_PER_TRANSACTION,
            help=f"Lines in one transaction and one revision ({imports.LINES_PER_TRANSACTION}).",
        )
        parser.add_argument(
            "--from-start", action="store_true", help="Do not go on with an interrupted import; begin again."
        )
        parser.add_argument(
            "--confirmed",
            action="store_true",
            help="A second person has agreed to an import that hits many earlier uploads.",
        )
        parser.add_argument(
            "--no-rescan",
            action="store_true",
            help="Leave the search among earlier uploads to the next sweep.",
        )

    def conclusion(self) -> str:
        return "Not all lines were imported."

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["file"]
        try:
            blocklist = selectors.blocklist_named(options["blocklist"])
        except UnknownBlocklist as error:
            raise wrong_usage(str(error)) from error
        try:
            report = self._import(path, blocklist, options)
        except HashFileUnreadable as error:
            self.emit_error(error, {"file": printable(path)}, printable(path))
            return
        self._say(path, blocklist, report, whole=options["atomic"])
        if not options["no_rescan"]:
            self._rescan(report)

    def _import(self, path: Path, blocklist: Blocklist, options: dict[str, Any]) -> Imported:
        self._bad = 0
        total = path.stat().st_size if path.is_file() else None
        with self.progress("bytes", total=total) as progress:
            callbacks = Callbacks(read=progress.reach, bad=self._say_bad)
            if options["atomic"]:
                return imports.import_whole(
                    path=path,
                    blocklist=blocklist,
                    batch=options["batch"],
                    wake=False,
                    confirmed=options["confirmed"],
                    callbacks=callbacks,
                )
            return imports.import_file(
                path=path,
                blocklist=blocklist,
                batch=options["batch"],
                resume=not options["from_start"],
                wake=False,
                confirmed=options["confirmed"],
                callbacks=callbacks,
            )

    def _say_bad(self, line: BadLine) -> None:
        self._bad += 1
        if self._bad <= SHOWN:
            self.emit_error(BadHashLine(line.message), {"line": line.number}, f"line {line.number}")

    def _say(self, path: Path, blocklist: Blocklist, report: Imported, *, whole: bool) -> None:
        nothing = whole and report.bad > 0
        values = {
            "file": printable(path),
            "blocklist": blocklist.slug,
            "lines": report.lines,
            "imported": report.codes,
            "entries": report.entries,
            "duplicates": report.duplicates,
            "bad": report.bad,
            "after_line": report.after_line,
            "first_revision": report.first_revision,
            "revision": report.last_revision,
            "not_searched": sorted(report.not_searched),
        }
        words = (
            f"{report.codes:,} hashes imported as {report.entries:,} entries of “{blocklist.slug}”, "
            f"{report.duplicates:,} were there already, {report.bad:,} bad lines"
        )
        if report.after_line:
            words += f"; went on after line {report.after_line:,}"
        if report.not_searched:
            words += f"; not searched for by the settings: {', '.join(sorted(report.not_searched))}"
        if report.waits_after is not None:
            error = NeedsConfirmation(
                f"Nothing was imported behind line {report.waits_after:,}: the lines that follow would hit about "
                f"{report.reach:,} earlier uploads. When a second person agrees, add --confirmed."
            )
            self.emit_error(
                error, {**values, "reach": report.reach, "waits_after": report.waits_after}, printable(path)
            )
        elif nothing:
            self.emit_error(
                BadHashLine(f"Nothing was imported: {report.bad:,} bad lines."), values, printable(path)
            )
        else:
            self.emit(values, words)

    def _rescan(self, report: Imported) -> None:
        for rescan_id in report.rescans:
            if not dispatcher().periodic:
                dispatcher().rescan(rescan_id)
                continue
            with self.progress("earlier uploads") as progress:
                rescan.run(rescan_id=rescan_id, progress=progress.reach)
