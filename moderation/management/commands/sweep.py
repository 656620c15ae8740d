"""``manage.py sweep``."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from typing import Any

from django.core.management.base import CommandParser

from moderation.management.arguments import at_least
from moderation.management.base import JsonCommand
from moderation.services.operations import sweeping


class Command(JsonCommand):
    help = (
        "Do the periodic work: pick up pending uploads that were forgotten, go on with searches among earlier "
        "uploads, retire what has expired, remove files that are due, seal the history. For cron, every "
        "minute or so; several at once do no harm."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--older-than",
            metavar="SECONDS",
            type=at_least(0),
            default=5,
            help="Leave alone what came in less than so long ago (5).",
        )
        parser.add_argument(
            "--limit", metavar="N", type=at_least(1), default=10_000, help="Uploads in one round (10000)."
        )
        parser.add_argument(
            "--here", action="store_true", help="Do the work in this process instead of waking up workers."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        swept = sweeping.sweep(
            older_than=timedelta(seconds=options["older_than"]),
            limit=options["limit"],
            work_here=options["here"],
        )
        values = dataclasses.asdict(swept)
        self.emit(values, ", ".join(f"{key.replace('_', ' ')} {value}" for key, value in values.items()))
