"""``manage.py doctor``."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from moderation.management.base import JsonCommand
from moderation.services.operations import diagnosis
from moderation.services.operations.diagnosis import Finding

MARKS = {"ok": "ok     ", "warning": "warning", "fault": "FAULT  "}


class Command(JsonCommand):
    help = (
        "Look at everything that has to be right, and say what to do about what is not. One line per check."
    )
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--mend",
            action="store_true",
            help="Repair what can be repaired safely: missing triggers, the count of entries, files that belong to "
            "nothing, published files that are gone.",
        )

    def conclusion(self) -> str:
        return f"{self.faults} of {self.lines} checks found a fault."

    def handle(self, *args: Any, **options: Any) -> None:
        for finding in diagnosis.examine(mend=options["mend"]):
            self._say(finding)

    def _say(self, finding: Finding) -> None:
        ok = finding.level != "fault"
        values: dict[str, Any] = {
            "check": finding.check,
            "level": finding.level,
            "mended": finding.mended,
            "details": dict(finding.details),
        }
        if not ok:
            values["error"] = finding.check
        values["message"] = finding.message
        self.emit(values, f"{MARKS[finding.level]} {finding.check.ljust(18)} {finding.message}", ok=ok)
