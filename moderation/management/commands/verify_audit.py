"""``manage.py verify_audit``."""

from __future__ import annotations

import dataclasses
from typing import Any

from django.core.management.base import CommandParser

from moderation.exceptions import SealKeyUnknown
from moderation.management.base import JsonCommand, wrong_usage
from moderation.models import BannedImage, Seal
from moderation.services.history import baseline, sealing, verification
from moderation.services.history.differences import Difference, differences
from moderation.services.history.verification import Report


class Command(JsonCommand):
    help = (
        "Seal what is not sealed yet, then check the whole history: edits, gaps, another order, rows that were put in "
        "and, given an earlier head, a tail that was cut off. Keep the head that is printed somewhere else."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--head", metavar="POSITION:MAC", default="", help="What an earlier verification printed as head."
        )
        parser.add_argument(
            "--since",
            metavar="POSITION:MAC",
            default="",
            help="A head too: check only what came after it. What lies before it is not looked at.",
        )
        parser.add_argument(
            "--state",
            action="store_true",
            help="Compare lists, entries and their codes with a replay of the history, and name each difference.",
        )
        parser.add_argument(
            "--accept",
            action="store_true",
            help="Before that, vouch for what stands: seal rows without authentication code, and let replays begin "
            "with the lists as they are. For after an upgrade during which an earlier version was still writing.",
        )

    def conclusion(self) -> str:
        return "The history does not add up, or something is not as it says."

    def handle(self, *args: Any, **options: Any) -> None:
        if options["accept"]:
            self._accept()
        report = self._verify(options["head"], options["since"])
        found = self._compare() if options["state"] else None
        values: dict[str, Any] = {
            "rows": report.rows,
            "unsealed": report.unsealed,
            "unsealed_since": report.unsealed_since.isoformat() if report.unsealed_since else None,
            "erased": report.erased,
            "head": report.head,
            "faults": [dataclasses.asdict(fault) for fault in report.faults],
        }
        if found is not None:
            values["differences"] = [dataclasses.asdict(one) for one in found]
        if report.faults or found:
            code = "history" if report.faults else "state"
            values |= {"error": code, "message": self.conclusion()}
        self.emit(values, "\n".join(_words(report, found)), ok=report.ok and not found)

    def _accept(self) -> None:
        try:
            sealing.anchor()
        except SealKeyUnknown as error:
            raise wrong_usage(str(error)) from error
        baseline.write()

    def _verify(self, head: str, since: str) -> Report:
        with self.progress("rows", total=Seal.objects.count() + sealing.unsealed_count()) as progress:
            try:
                return verification.verify(head=head, since=since, progress=progress.advance)
            except ValueError as error:
                raise wrong_usage(str(error)) from error

    def _compare(self) -> list[Difference]:
        with self.progress("entries", total=BannedImage.objects.count()) as progress:
            return list(differences(codes=True, progress=progress.advance))


def _words(report: Report, found: list[Difference] | None) -> list[str]:
    words = [f"{fault.kind} at {fault.position}: {fault.record} {fault.message}" for fault in report.faults]
    words += [one.message for one in found or []]
    compared = "" if found is None else f" {len(found)} differences from what it says."
    words.append(
        f"{report.rows:,} rows checked, {len(report.faults)} faults; {report.unsealed:,} were not sealed "
        f"before{_since(report)}.{compared} Head: {report.head}"
    )
    return words


def _since(report: Report) -> str:
    return f", the oldest since {report.unsealed_since:%Y-%m-%d %H:%M}" if report.unsealed_since else ""
