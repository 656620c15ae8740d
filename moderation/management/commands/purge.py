"""``manage.py purge``."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.core.management.base import CommandParser

from moderation.management.base import JsonCommand
from moderation.services.uploads import retention


class Command(JsonCommand):
    help = (
        'Remove what MODERATION["RETENTION"] says is no longer kept: private files and fingerprints of decided '
        "uploads, evidence of retired entries, notices, personal data. The audit stays; what is under legal "
        "hold stays; nothing public is touched."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="Only count what would go.")

    def handle(self, *args: Any, **options: Any) -> None:
        dry_run: bool = options["dry_run"]
        with self.progress("purge", total=retention.due_uploads().count()) as progress:
            purged = retention.purge(dry_run=dry_run, progress=progress.advance)
        counts = asdict(purged)
        words = ", ".join(f"{name} {count:,}" for name, count in counts.items())
        self.emit({**counts, "dry_run": dry_run}, f"{'Would remove' if dry_run else 'Removed'}: {words}.")
