"""``manage.py rehash``."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from moderation.management.base import JsonCommand
from moderation.services.blocklists import rehashing
from moderation.services.blocklists.rehashing import Callbacks, LeftOut
from moderation.services.dispatching import dispatcher
from moderation.services.rescans import rescan

EXPECTED = {
    "imported": "it was imported as a hash",
    "no_picture": "no picture of it was kept",
    "flat": "its picture has too little structure",
}
"""Reasons that are no failure."""


class Command(JsonCommand):
    help = (
        "Compute the codes that entries and uploads lack, after an algorithm was added to the settings or has a new "
        "version, the signatures of the second tier, and the signs that a hit is weighed by. Entries are computed from their evidence, uploads from the re-encoding that is kept. What cannot be "
        "computed again is listed, and stays as it is."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="Only count what there is to do.")
        parser.add_argument(
            "--no-rescan",
            action="store_true",
            help="Leave the search among earlier uploads to the next sweep.",
        )

    def conclusion(self) -> str:
        return "Some pictures could not be read."

    def handle(self, *args: Any, **options: Any) -> None:
        entries, uploads = rehashing.entries_to_do().count(), rehashing.uploads_to_do().count()
        if options["dry_run"]:
            values = {"entries": entries, "uploads": uploads, "algorithms": rehashing.wanted()}
            self.emit(values, f"{entries:,} entries and {uploads:,} uploads lack codes or signatures.")
            return
        with self.progress("pictures", total=entries + uploads) as progress:
            report = rehashing.rehash(
                callbacks=Callbacks(left_out=self._left_out, looked_at=progress.advance)
            )
        values = {
            "entries": report.entries,
            "uploads": report.uploads,
            "codes": report.codes,
            "signatures": report.signatures,
            "signs": report.signs,
            "left_out": report.left_out,
            "revision": report.revision,
            "algorithms": rehashing.wanted(),
        }
        words = (
            f"{report.codes:,} codes and {report.signatures:,} signatures of {report.entries:,} entries and "
            f"{report.uploads:,} uploads computed, {report.left_out:,} left out"
        )
        self.emit(values, words)
        if not options["no_rescan"]:
            self._rescan(report.rescans)

    def _left_out(self, one: LeftOut) -> None:
        values: dict[str, Any] = {one.kind: one.pk, "recomputed": False, "reason": one.reason}
        subject = f"{one.kind} {one.pk}"
        if one.reason in EXPECTED:
            self.emit(values, f"{subject}: not computed, {EXPECTED[one.reason]}")
        else:
            message = f"Not computed: {one.reason}."
            self.emit({**values, "error": one.reason, "message": message}, f"{subject}: {message}", ok=False)

    def _rescan(self, rescans: list[int]) -> None:
        for rescan_id in rescans:
            if dispatcher().periodic:
                with self.progress("earlier uploads") as progress:
                    rescan.run(rescan_id=rescan_id, progress=progress.reach)
            else:
                dispatcher().rescan(rescan_id)
