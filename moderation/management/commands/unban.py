"""``manage.py unban``."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from moderation.exceptions import UnknownEntry
from moderation.management.base import JsonCommand
from moderation.models import BannedImage
from moderation.services.blocklists import blocklist as blocklists
from moderation.services.blocklists.lowering import OPERATOR


class Command(JsonCommand):
    help = (
        "Retire entries: they stay in the history and match nothing any more. Uploads that were held because "
        "of them are screened again; rejected ones are left for a moderator."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("ids", metavar="ID", nargs="+", type=int, help="Number of an entry.")
        parser.add_argument("--reason", metavar="TEXT", default="", help="Why, for colleagues.")

    def handle(self, *args: Any, **options: Any) -> None:
        for banned_id in options["ids"]:
            try:
                self._retire(banned_id, options["reason"])
            except UnknownEntry as error:
                self.emit_error(
                    error, {"banned": banned_id, "retired": False, "revision": None}, f"{banned_id}"
                )

    def _retire(self, banned_id: int, reason: str) -> None:
        active = BannedImage.objects.active().filter(pk=banned_id).exists()
        banned = blocklists.unban(banned_id=banned_id, actor_id=OPERATOR, reason=reason, note=reason)
        words = f"retired at revision {banned.retired_revision}" if active else "was retired already"
        self.emit(
            {
                "banned": banned.pk,
                "blocklist": banned.blocklist.slug,
                "retired": active,
                "revision": banned.retired_revision,
            },
            f"Entry {banned.pk} of “{banned.blocklist.slug}” {words}.",
        )
