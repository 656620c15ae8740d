"""``manage.py seed_large``."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser

from moderation.management.arguments import at_least
from moderation.management.base import JsonCommand, wrong_usage
from moderation.models import Upload
from moderation.services.operations import seeding


class Command(JsonCommand):
    help = (
        "For development: fill the database with made-up uploads, banned images, screenings and decisions, to "
        "see the pages among many. There are no pictures behind them, and what the history gets stays in it: "
        "never on a site that matters."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        number = at_least(0)
        parser.add_argument("--uploads", type=number, default=100_000, metavar="N", help="Uploads to make.")
        parser.add_argument(
            "--entries", type=number, default=100_000, metavar="N", help="Banned images to make."
        )
        parser.add_argument(
            "--screenings",
            type=number,
            default=1_000_000,
            metavar="N",
            help="Screenings to make, shared out among these uploads.",
        )
        parser.add_argument(
            "--yes", action="store_true", help="Even where DEBUG is off, or where there are uploads already."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        sizes = {name: int(options[name]) for name in ("uploads", "entries", "screenings")}
        if sizes["screenings"] and not sizes["uploads"]:
            raise wrong_usage("Screenings are of uploads: give --uploads too, or --screenings 0.")
        if not options["yes"]:
            self._refuse()
        began = time.monotonic()
        with self.progress("rows", total=sum(sizes.values())) as progress:
            seeded = seeding.fill(**sizes, progress=progress.advance)
        seconds = time.monotonic() - began
        values = asdict(seeded)
        words = ", ".join(f"{count:,} {name}" for name, count in values.items())
        self.emit({**values, "seconds": round(seconds, 1)}, f"{words}; {seconds:.0f} s")

    def _refuse(self) -> None:
        if not settings.DEBUG:
            raise wrong_usage(
                "DEBUG is off: this looks like a site that matters. Nothing was made (see --yes)."
            )
        if Upload.objects.exists():
            raise wrong_usage("There are uploads here already. Nothing was made (see --yes).")
