"""A file of a form, checked at the door: once, however many of form, model and save ask."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.base import File
from django.db.models.fields.files import FieldFile
from django.utils.translation import gettext as _

from moderation import api
from moderation.exceptions import ImageRefused, ModerationError, TooManyUploads

ACCEPT = "image/jpeg,image/png,image/gif,image/webp,image/avif"


CHECKED = "_moderation_checked"
"""Attribute of a file that has passed the door: a form, the model and the save look once altogether."""


def check_once(file: File[Any]) -> None:
    """Check at the door, unless this file object has passed it. Raises as :func:`moderation.api.check_at_door`."""
    if CHECKED not in file.__dict__:
        api.check_at_door(file)
        file.__dict__[CHECKED] = True


@contextmanager
def refusals_as_errors() -> Iterator[None]:
    """Turn what refuses a picture into a :class:`ValidationError` with the code of the refusal."""
    try:
        yield
    except (ImageRefused, TooManyUploads) as refusal:
        raise ValidationError(_(str(refusal)), code=refusal.code) from refusal
    except ModerationError as error:
        raise ValidationError(
            _("This picture cannot be checked at the moment. Please try again."), code="unavailable"
        ) from error


def picture_is_taken(value: Any) -> None:
    """Validate a file of the model's field; what the column holds already is not looked at again."""
    file = value
    if isinstance(value, FieldFile):
        if value._committed:  # type: ignore[attr-defined]  # noqa: SLF001 -- as FileField reads it
            return
        file = value.file
    with refusals_as_errors():
        check_once(file)


class ModeratedImageFormField(forms.FileField):
    """A file field that checks at the door, in the sandbox: what is no picture is an error of the form."""

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        """Offer pictures in the file dialogue."""
        attributes = super().widget_attrs(widget)
        if isinstance(widget, forms.FileInput) and "accept" not in widget.attrs:
            attributes.setdefault("accept", ACCEPT)
        return attributes

    def clean(self, data: Any, initial: Any = None) -> Any:
        """Clean form data; a required picture may be one that waits for its verdict, or for a moderator."""
        if not data and not initial and isinstance(initial, FieldFile):
            column: Any = initial.field
            if hasattr(column, "is_waiting") and column.is_waiting(initial.instance):
                return None
        return super().clean(data, initial)

    def to_python(self, data: Any) -> Any:
        """Convert form data. Raises :class:`ValidationError` with the code of the refusal; the audit has it then."""
        file = super().to_python(data)
        if file is None:
            return None
        with refusals_as_errors():
            check_once(file)
        return file
