"""A file of a form, checked at the door: once, however many of form, model and save ask."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.base import File
from django.db.models import Model
from django.db.models.fields.files import FieldFile
from django.utils.translation import gettext as _

from moderation import api
from moderation.conf import get_settings
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


def refuse_banned(file: File[Any], *, near_copies: bool = False) -> None:
    """Raise :class:`ValidationError` for a copy of what a blocklist blocks; with ``near_copies`` also for what a
    moderator would have to look at. Nothing is stored. Raises what :func:`moderation.api.screen_bytes` raises."""
    file.seek(0)
    data = file.read(get_settings().max_bytes + 1)
    file.seek(0)
    screened = api.screen_bytes(data)
    if screened.verdict == "block" or (screened.verdict == "hold" and near_copies):
        raise ValidationError(screened.policy_text, code="banned")


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
    """A file field that checks at the door, in the sandbox: what is no picture is an error of the form.

    With ``screen`` the bytes are compared with the blocklists as well, and a copy of what is blocked is an error of
    the form: for a form whose view crops or scales the picture before it saves it. Nothing of them is stored.
    ``owner``, set on the field of a form's instance, counts the attempt of that uploader.
    """

    owner: Model | None = None

    def __init__(self, *, screen: bool = False, **kwargs: Any) -> None:
        self.screen = screen
        super().__init__(**kwargs)

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
            if self.owner is not None:
                api.check_at_door(file, owner=self.owner)
                file.__dict__[CHECKED] = True
            check_once(file)
            if self.screen:
                refuse_banned(file)
        return file
