"""``manage.py transparency``."""

from __future__ import annotations

import csv
from argparse import ArgumentTypeError
from datetime import date
from typing import Any

from django.core.management.base import CommandParser

from moderation.management.base import JsonCommand, wrong_usage
from moderation.selectors import transparency


class Command(JsonCommand):
    help = (
        "Print what the moderation of a period comes to: verdicts and decisions by reason, by machine and by person, "
        "reports, appeals and their ends, median times, and how often the machine was wrong."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--from", dest="first", metavar="DATE", type=_day, required=True, help="First day, 2026-01-31."
        )
        parser.add_argument(
            "--to", dest="last", metavar="DATE", type=_day, required=True, help="Last day; it counts as well."
        )
        parser.add_argument("--csv", action="store_true", help="Comma-separated: group, name, value.")

    def handle(self, *args: Any, **options: Any) -> None:
        first, last = options["first"], options["last"]
        if last < first:
            raise wrong_usage(f"The last day, {last}, lies before the first, {first}.")
        if self.as_json and options["csv"]:
            raise wrong_usage("Either --json or --csv.")
        found = transparency.figures(*transparency.period(first, last))
        if self.as_json:
            self.emit(found, "")
        elif options["csv"]:
            writer = csv.writer(self.stdout, lineterminator="\n")
            writer.writerow(("group", "name", "value"))
            writer.writerows(transparency.rows(found))
        else:
            for group, name, value in transparency.rows(found):
                self.emit({}, f"{group} {name}".strip().ljust(32) + f" {'–' if value is None else value}")


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise ArgumentTypeError(f"“{text}” is no date such as 2026-01-31") from error
