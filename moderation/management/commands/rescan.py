"""``manage.py rescan``."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from moderation import selectors
from moderation.exceptions import RescanUnfinished, UnknownBlocklist
from moderation.management.base import JsonCommand, wrong_usage
from moderation.models import BannedImage, Rescan
from moderation.services.rescans import rescan

COUNTS = ("examined", "hits", "taken_down", "held", "released")


class Command(JsonCommand):
    help = (
        "Judge earlier uploads again: finish the searches that changes to the lists have asked for, then go "
        "through all uploads that are near anything banned. Uploads are found by their stored fingerprints; with "
        "the second tier, the pictures of those found are decoded again. It resumes where it was interrupted."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        which = parser.add_mutually_exclusive_group()
        which.add_argument("--open", action="store_true", help="Only finish what is open.")
        which.add_argument("--blocklist", metavar="SLUG", help="Only for the entries of this list.")
        which.add_argument("--banned", metavar="ID", type=int, help="Only for this entry.")

    def handle(self, *args: Any, **options: Any) -> None:
        asked = self._asked(options)
        totals = dict.fromkeys(COUNTS, 0)
        done, busy = 0, 0
        for rescan_id in asked:
            with self.progress(f"rescan {rescan_id}") as progress:
                finished = rescan.run(rescan_id=rescan_id, progress=progress.reach)
            if finished is None:
                busy += 1
                continue
            done += 1
            for name in COUNTS:
                totals[name] += getattr(finished, name)
        words = ", ".join(f"{name.replace('_', ' ')} {value:,}" for name, value in totals.items())
        values = {**totals, "rescans": done, "elsewhere": busy}
        unfinished = Rescan.objects.open().filter(pk__in=asked).count()
        if unfinished > busy:
            self.emit_error(RescanUnfinished(), values, words)
        else:
            if busy:
                words += f"; {busy} that another worker is at"
            self.emit(values, words)

    def _asked(self, options: dict[str, Any]) -> list[int]:
        if options["blocklist"] is not None:
            try:
                blocklist = selectors.blocklist_named(options["blocklist"])
            except UnknownBlocklist as error:
                raise wrong_usage(str(error)) from error
            return [rescan.ask(blocklist=blocklist).pk]
        if options["banned"] is not None:
            banned = BannedImage.objects.filter(pk=options["banned"]).first()
            if banned is None:
                raise wrong_usage(f"There is no banned image with the number {options['banned']}.")
            return [rescan.ask(banned=banned).pk]
        unfinished = rescan.unfinished()
        return unfinished if options["open"] else [*unfinished, rescan.ask().pk]
