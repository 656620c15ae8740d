"""``manage.py verify_audit``."""

from __future__ import annotations

import dataclasses
from typing import Any

from django.core.management.base import CommandParser

from moderation.management.base import JsonCommand, wrong_usage
from moderation.models import Seal
from moderation.services.history import sealing, verification


class Command(JsonCommand):
    help = (
        "Seal what is not sealed yet, then check the whole history: edits, gaps, another order and, given an "
        "earlier head, a tail that was cut off. Keep the head that is printed somewhere else."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--head", metavar="POSITION:MAC", default="", help="What an earlier verification printed as head."
        )

    def conclusion(self) -> str:
        return "The history does not add up."

    def handle(self, *args: Any, **options: Any) -> None:
        with self.progress("rows", total=Seal.objects.count() + sealing.unsealed_count()) as progress:
            try:
                report = verification.verify(head=options["head"], progress=progress.advance)
            except ValueError as error:
                raise wrong_usage(str(error)) from error
        values = {
            "rows": report.rows,
            "unsealed": report.unsealed,
            "unsealed_since": report.unsealed_since.isoformat() if report.unsealed_since else None,
            "erased": report.erased,
            "head": report.head,
            "faults": [dataclasses.asdict(fault) for fault in report.faults],
        }
        if report.faults:
            values |= {"error": "history", "message": self.conclusion()}
        words = [
            f"{fault.kind} at {fault.position}: {fault.record} {fault.message}" for fault in report.faults
        ]
        words.append(
            f"{report.rows:,} rows checked, {len(report.faults)} faults; {report.unsealed:,} were not sealed "
            f"before{_since(report)}. Head: {report.head}"
        )
        self.emit(values, "\n".join(words), ok=report.ok)


def _since(report: verification.Report) -> str:
    return f", the oldest since {report.unsealed_since:%Y-%m-%d %H:%M}" if report.unsealed_since else ""
