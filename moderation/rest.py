"""For Django REST framework (extra ``drf``): refusals are answers, and an answer says how the picture stands.

>>> class PetSerializer(serializers.ModelSerializer):
...     photo = ModeratedImageField()
...     class Meta:
...         model = Pet
...         fields = ["name", "photo"]

A plain ``ModelSerializer`` without this field answers 400 to what is no picture, too. This one counts the
attempt of the uploader, answers 429 where that is one too many, and shows status and reference.
"""

from __future__ import annotations

from typing import Any

from django.db.models import Model
from django.db.models.fields.files import FieldFile
from django.utils.translation import gettext as _
from rest_framework import serializers, status, views
from rest_framework.exceptions import APIException, Throttled, ValidationError
from rest_framework.permissions import SAFE_METHODS
from rest_framework.response import Response

from moderation import api, fields
from moderation.exceptions import ImageRefused, ModerationError, TooManyUploads

__all__ = ["ModeratedImageField", "exception_handler"]


class Unavailable(APIException):  # type: ignore[misc]  # DRF has no types
    """503: nothing can be checked at the moment."""

    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    default_code = "unavailable"


def exception_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """Answer a refusal that was raised while saving. Name it as ``EXCEPTION_HANDLER`` in ``REST_FRAMEWORK``, or call
    it from your own."""
    response: Response | None = views.exception_handler(_as_answer(error), context)
    return response


def _as_answer(error: Exception) -> Exception:
    answer = error
    match error:
        case TooManyUploads():
            answer = Throttled(wait=error.retry_after, detail=_(str(error)))
        case ImageRefused():
            answer = ValidationError({"detail": [_(str(error))]}, code=error.code)
        case ModerationError():
            answer = Unavailable(_("This picture cannot be checked at the moment. Please try again."))
    return answer


class ModeratedImageField(serializers.FileField):  # type: ignore[misc]  # DRF has no types
    """A file field for a model's :class:`moderation.fields.ModeratedImageField`.

    Read, it is ``{"url": …}``: the address of the published picture, or None. In the answer to a request that
    writes, and for the uploader, ``status``, ``reference`` and ``message`` are there as well; that is a query for
    each row.
    """

    def to_internal_value(self, data: Any) -> Any:
        """Check at the door. Raises DRF's errors: 400 with the code of the refusal, 429 with ``Retry-After``, 503."""
        file = super().to_internal_value(data)
        try:
            api.check_at_door(file, owner=self._uploader())
        except ImageRefused as refusal:
            raise ValidationError(_(str(refusal)), code=refusal.code) from refusal
        except ModerationError as error:
            raise _as_answer(error) from error
        return file

    def to_representation(self, value: FieldFile) -> dict[str, Any]:
        """Return the address, and to whom it concerns how the newest upload stands."""
        shown = {"url": super().to_representation(value)}
        found = api.status_of(value.instance, value.field.name) if self._may_know(value) else None
        if found is not None:
            shown |= {"status": found.status, "reference": found.reference, "message": found.message}
        return shown

    def _uploader(self) -> Model | None:
        # The owner of a row that is to be made is not known yet; that is the user, nearly always.
        instance = getattr(self.parent, "instance", None)
        column = self._column()
        if column is not None and isinstance(instance, Model):
            return column.owner_of(instance)
        user = getattr(self.context.get("request"), "user", None)
        return user if isinstance(user, Model) and user.pk is not None else None

    def _column(self) -> fields.ModeratedImageField | None:
        model = getattr(getattr(self.parent, "Meta", None), "model", None)
        column = model._meta.get_field(self.source) if model and len(self.source_attrs) == 1 else None
        return column if isinstance(column, fields.ModeratedImageField) else None

    def _may_know(self, value: FieldFile) -> bool:
        request = self.context.get("request")
        if request is None:
            return False
        if request.method not in SAFE_METHODS:
            return True
        column: Any = value.field
        return bool(request.user == column.owner_of(value.instance))
