"""``manage.py backfill``."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist
from django.core.management.base import CommandParser
from django.db.models import FileField, Model

from moderation.exceptions import BackfillUnfinished
from moderation.management.base import JsonCommand, wrong_usage
from moderation.services.uploads import backfill


class Command(JsonCommand):
    help = (
        "Screen the pictures that a column already holds. What passes is replaced by its clean re-encoding; what "
        "is held or rejected leaves the column at once. Run it again to resume."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("column", metavar="app.Model.field", help="Such as avatars.Profile.avatar.")
        parser.add_argument(
            "--owner",
            metavar="PATH",
            default=None,
            help="Attribute of a row that is its owner, such as user or pet.keeper; left out, the field's own "
            "owner, or the row itself.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        model, column = _resolve(options["column"])
        field = model._meta.get_field(column)
        path = options["owner"] if options["owner"] is not None else getattr(field, "owner", "")

        def owner_of(instance: Model) -> Model:
            owner: Any = instance
            for part in filter(None, path.split(".")):
                owner = getattr(owner, part, None)
            if not isinstance(owner, Model):
                raise wrong_usage(f"“{path}” leads to no model instance from {instance!r}.")
            return owner

        total = backfill.rows(model, column).count()
        with self.progress(options["column"], total=total) as progress:
            result = backfill.backfill(
                model=model, column=column, owner_of=owner_of, progress=progress.advance
            )
        values = {
            name: getattr(result, name)
            for name in ("examined", "approved", "held", "rejected", "pending", "done_before")
        }
        values["unreadable"] = [{"pk": pk, "error": code} for pk, code in result.unreadable]
        words = ", ".join(f"{name.replace('_', ' ')} {values[name]:,}" for name in list(values)[:-1])
        for pk, code in result.unreadable:
            words += f"\n  {model._meta.label} {pk}: not a picture that is taken ({code}), left as it is"
        if result.pending:
            self.emit_error(BackfillUnfinished(), values, words)
        else:
            self.emit(values, words)


def _resolve(text: str) -> tuple[type[Model], str]:
    label, _, column = text.rpartition(".")
    try:
        model = apps.get_model(label)
        field = model._meta.get_field(column)
    except (LookupError, ValueError, FieldDoesNotExist) as error:
        raise wrong_usage(f"There is no column “{text}”. It is named app.Model.field.") from error
    if not isinstance(field, FileField):
        raise wrong_usage(f"“{text}” holds no files.")
    return model, column
