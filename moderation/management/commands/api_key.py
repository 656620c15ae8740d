"""``manage.py api_key``."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from moderation.exceptions import KeyUnsuitable, ModerationError, UnknownKey
from moderation.management.base import JsonCommand, wrong_usage
from moderation.models import ApiKey
from moderation.services.access import keys


class Command(JsonCommand):
    help = (
        "Make, list and withdraw the keys by which other servers use the HTTP API. create NAME prints the key, once: only "
        "a digest of it is kept. list leaves nothing out; revoke NAME ends a key at once, by its name or its prefix."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "action", choices=("create", "list", "revoke"), help="What to do: create, list or revoke."
        )
        parser.add_argument("name", metavar="NAME", nargs="?", default="", help="Of the key.")
        parser.add_argument(
            "--scope",
            metavar="SCOPE",
            action="append",
            default=[],
            help=f"What it may do, repeatable: {', '.join(ApiKey.Scope.values)}.",
        )
        parser.add_argument(
            "--tenant", metavar="NAME", default="", help="Whose uploads and blocklists; else this site's."
        )
        parser.add_argument(
            "--per-minute", metavar="N", type=int, default=600, help="Requests a minute; 0 for no limit."
        )
        parser.add_argument("--days", metavar="N", type=int, help="After which it expires; else never.")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["action"] == "list":
            for key in ApiKey.objects.order_by("pk"):
                self.emit(_values(key), _words(key))
            return
        if not options["name"]:
            raise wrong_usage(f"api_key {options['action']} wants the NAME of a key.")
        try:
            self._create(options) if options["action"] == "create" else self._revoke(options["name"])
        except KeyUnsuitable as error:
            raise wrong_usage(str(error)) from error
        except UnknownKey as error:
            self._failed(error, options["name"])

    def _create(self, options: dict[str, Any]) -> None:
        days, per_minute = options["days"], options["per_minute"]
        if per_minute < 0 or (days is not None and not 0 < days <= 36_500):
            raise wrong_usage("--per-minute is 0 or more, and --days from 1 to 36500.")
        key = keys.create(
            name=options["name"],
            scopes=options["scope"],
            tenant=options["tenant"],
            per_minute=per_minute,
            expires_at=timezone.now() + timedelta(days=days) if days else None,
        )
        self.emit({**_values(key), "key": key.token}, f"{key.token}\nIt is shown this once. {_words(key)}")

    def _revoke(self, name: str) -> None:
        key = keys.revoke(key_id=keys.named(name).pk)
        self.emit(_values(key), _words(key))

    def _failed(self, error: ModerationError, name: str) -> None:
        self.emit_error(error, {"name": name}, name)


def _values(key: ApiKey) -> dict[str, Any]:
    moments = {"expires_at": key.expires_at, "revoked_at": key.revoked_at, "last_used_at": key.last_used_at}
    return {
        "name": key.name,
        "prefix": key.prefix,
        "tenant": key.tenant,
        "scopes": key.scopes,
        "per_minute": key.per_minute,
        **{name: moment and moment.isoformat() for name, moment in moments.items()},
    }


def _words(key: ApiKey) -> str:
    state = (
        "withdrawn" if key.revoked_at else f"until {key.expires_at:%Y-%m-%d}" if key.expires_at else "valid"
    )
    whose = f" of tenant {key.tenant}" if key.tenant else ""
    used = f"last used {key.last_used_at:%Y-%m-%d %H:%M}" if key.last_used_at else "never used"
    return f"{key.name} ({key.prefix}){whose}: {', '.join(key.scopes)}; {state}, {used}."
