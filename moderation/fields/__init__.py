"""A drop-in for :class:`django.db.models.ImageField` whose files are public only once approved.

1. The column holds the name of the *published* file. A new file that is assigned goes to quarantine
   when the instance is saved; the old picture stays public. Approval writes the new name into the
   column, a take-down empties it, a rejection leaves it.
2. Those writes are an ``UPDATE``, so an instance that was loaded earlier holds a stale name. Saving it
   must not write that back: unless the picture was cleared or set on purpose, the column is written
   as itself (``SET avatar = avatar``).
3. Bytes from outside are opened in the sandbox only. :class:`~django.forms.ImageField` would open
   them in this process, so the form field is :class:`ModeratedImageFormField`; and the dimension
   columns are written with the name, from the published file.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from django.core import checks
from django.core.exceptions import BadRequest, ObjectDoesNotExist
from django.core.files.base import ContentFile, File
from django.db import models, transaction
from django.db.models import F
from django.db.models.fields.files import FieldFile, FileField
from django.db.models.signals import post_delete, post_save
from django.utils.translation import gettext as _

from moderation import api
from moderation.exceptions import ImageRefused, ModerationError, TooManyUploads
from moderation.fields.files import Descriptor, ModeratedFieldFile
from moderation.forms.pictures import (
    CHECKED,
    ModeratedImageFormField,
    check_once,
    picture_is_taken,
    refusals_as_errors,
)
from moderation.models import Upload
from moderation.services.personal import owner_key
from moderation.services.revision import database

__all__ = ["ModeratedImageField", "ModeratedImageFormField"]


@contextmanager
def _answered_with_400() -> Iterator[None]:
    """Let a refusal that no form has caught be a :class:`BadRequest` too, which Django answers with 400."""
    try:
        yield
    except (ImageRefused, TooManyUploads) as refusal:
        raise _as_bad_request(type(refusal))(str(refusal)) from refusal


def _as_bad_request(kind: type[ModerationError]) -> type[ModerationError]:
    if issubclass(kind, BadRequest):
        return kind
    return type(kind.__name__, (kind, BadRequest), {"__module__": kind.__module__})


class ModeratedImageField(FileField):
    """An image column under moderation.

    ``owner`` names the attribute of the instance that is the uploader, such as ``"user"`` (dots
    reach further: ``"profile.user"``); left out, or where it is empty, the instance itself is the owner.
    Approval and take-down are an UPDATE; with ``send_post_save`` the model's ``post_save`` follows it, after the
    commit, with ``update_fields`` of this column. The other
    arguments are those of :class:`~django.db.models.ImageField`.
    """

    attr_class = ModeratedFieldFile
    descriptor_class = Descriptor
    default_validators = [picture_is_taken]
    description = _("Image, published once approved")

    def __init__(
        self,
        verbose_name: str | None = None,
        name: str | None = None,
        width_field: str | None = None,
        height_field: str | None = None,
        *,
        owner: str = "",
        send_post_save: bool = False,
        **kwargs: Any,
    ) -> None:
        self.width_field, self.height_field, self.owner = width_field, height_field, owner
        self.send_post_save = send_post_save
        super().__init__(verbose_name, name, **kwargs)

    def deconstruct(self) -> Any:
        """Return what FileField does, with what is ours."""
        name, path, args, kwargs = super().deconstruct()
        for key in ("width_field", "height_field", "owner", "send_post_save"):
            if getattr(self, key):
                kwargs[key] = getattr(self, key)
        return name, path, args, kwargs

    def check(self, **kwargs: Any) -> list[checks.CheckMessage]:
        """Check that the dimension columns are there."""
        return [*super().check(**kwargs), *self._check_dimension_columns()]

    def _check_dimension_columns(self) -> list[checks.CheckMessage]:
        names = {field.name for field in self.model._meta.get_fields()}
        return [
            checks.Error(f"“{column}” is not a field of the model.", obj=self, id="moderation.E011")
            for column in (self.width_field, self.height_field)
            if column and column not in names
        ]

    def contribute_to_class(  # type: ignore[override]  # FileField takes no private_only
        self, cls: type[models.Model], name: str, **kwargs: Any
    ) -> None:
        """Send in after each save; that is when the instance has a key."""
        super().contribute_to_class(cls, name, **kwargs)
        if not cls._meta.abstract:
            uid = (cls, name, "moderation")
            post_save.connect(self._after_save, sender=cls, dispatch_uid=uid)
            post_delete.connect(self._after_delete, sender=cls, dispatch_uid=uid)

    def formfield(self, **kwargs: Any) -> Any:
        """See :class:`ModeratedImageFormField`."""
        return super().formfield(**{"form_class": ModeratedImageFormField, **kwargs})

    def validate(self, value: Any, model_instance: models.Model | None) -> None:
        """Count the attempt of the owner, where there is one already. Raises :class:`ValidationError`.

        A picture that waits for its verdict, or for a moderator, is one.
        """
        if not value and model_instance is not None and self.is_waiting(model_instance):
            return
        super().validate(value, model_instance)
        if value and not value._committed and model_instance is not None:  # noqa: SLF001 -- as FileField reads it
            with refusals_as_errors():
                self._check_before_saving(value.file, model_instance)

    def is_waiting(self, instance: models.Model) -> bool:
        """Return whether the newest picture for this column is pending or held."""
        found = None if instance._state.adding else api.status_of(instance, self.name)
        return found is not None and found.status in ("pending", "held")

    def get_prep_value(self, value: Any) -> Any:
        """Refuse a file that was not submitted: ``bulk_update`` and ``QuerySet.update`` would write the name that its
        sender gave it. Raises :class:`ValueError`."""
        if isinstance(value, FieldFile) and value and not value._committed:  # type: ignore[attr-defined]  # noqa: SLF001
            raise ValueError(
                f"{self} takes a new picture when its row is saved: bulk_update() and update() submit nothing."
            )
        return super().get_prep_value(value)

    def _check_before_saving(self, file: File[Any], instance: models.Model) -> None:
        owner = self._owner_before_saving(instance)
        if owner is None or file.__dict__.get(api.COUNTED_FOR) == owner_key(owner):
            check_once(file)
            return
        api.check_at_door(file, owner=owner)
        file.__dict__[CHECKED] = True

    def save_form_data(self, instance: models.Model, data: Any) -> None:
        """Store a form's answer. None: nothing was chosen. False: cleared. Otherwise a new file."""
        if data is not None:
            setattr(instance, self.name, data or None)

    # What was set on an instance since it was loaded: column → file, name, or None for cleared.

    def remember(self, instance: models.Model, value: Any) -> None:
        """Note that the picture was set."""
        instance.__dict__.setdefault("_moderated", {})[self.name] = value or None

    def _noted(self, instance: models.Model) -> dict[str, Any]:
        noted: dict[str, Any] = instance.__dict__.setdefault("_moderated", {})
        self._note_what_was_rolled_back(instance, noted)
        return noted

    # What was submitted in a transaction that has not committed: column → file, reference.

    def _keep_until_commit(self, instance: models.Model, file: File[Any], reference: str) -> None:
        if not transaction.get_connection(database()).in_atomic_block:
            return
        sent: dict[str, tuple[File[Any], str]] = instance.__dict__.setdefault("_moderated_sent", {})
        sent[self.name] = (file, reference)
        transaction.on_commit(lambda: sent.pop(self.name, None), using=database())

    def _note_what_was_rolled_back(self, instance: models.Model, noted: dict[str, Any]) -> None:
        file, reference = instance.__dict__.get("_moderated_sent", {}).get(self.name, (None, ""))
        if file is None or self.name in noted:
            return
        if not Upload.objects.filter(reference=reference).exists():
            del instance.__dict__["_moderated_sent"][self.name]
            noted[self.name] = file

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        """Return what is written to the column: itself, unless it was cleared or a name was set on purpose."""
        file: FieldFile = getattr(model_instance, self.attname)
        if file and not file._committed:  # type: ignore[attr-defined]  # noqa: SLF001 -- as FileField reads it
            with _answered_with_400():
                self._check_before_saving(file.file, model_instance)  # before anything is written
            self.remember(model_instance, file.file)
            return self._empty() if add else F(self.attname)
        if add and file and file.name != self.get_default():
            name = self._own_name(model_instance, str(file.name))
            # A clone, of a row whose picture may have been taken down meanwhile.
            gone = name and model_instance._state.db and not self.storage.exists(name)
            return self._empty() if gone or not name else name
        if add:
            return file.name or self._empty()
        noted = self._noted(model_instance)
        if isinstance(noted.get(self.name), File):
            return F(self.attname)
        if self.name in noted:
            name = noted[self.name] and self._own_name(model_instance, noted[self.name])
            return F(self.attname) if isinstance(noted[self.name], File) else name or self._empty()
        return F(self.attname)

    def _own_name(self, instance: models.Model, name: str) -> str:
        """Return ``name``; or nothing where it is that of another row's picture, which goes with that row. Then this
        row gets a picture of its own: a copy is submitted when it is saved."""
        model, pk = instance._meta.label_lower, str(instance.pk)
        shown = Upload.objects.filter(published=name).first()
        if shown is None or (shown.target_model, shown.target_id, shown.target_field) == (
            model,
            pk,
            self.name,
        ):
            return name
        # Taken down in this moment, it is simply not there.
        with suppress(FileNotFoundError), self.storage.open(name, "rb") as file:
            self.remember(instance, ContentFile(file.read(), Path(name).name))
        return ""

    def _empty(self) -> str | None:
        return None if self.null else ""

    def _after_save(
        self,
        instance: models.Model,
        *,
        raw: bool = False,
        update_fields: frozenset[str] | None = None,
        **_kwargs: Any,
    ) -> None:
        if raw or (update_fields is not None and self.name not in update_fields):
            return
        noted = self._noted(instance)
        if self.name not in noted:
            return
        value = noted.pop(self.name)
        instance.__dict__.get("_moderated_sent", {}).pop(self.name, None)
        if isinstance(value, File):
            with _answered_with_400():
                status = api.submit_upload(value, owner=self.owner_of(instance), target=(instance, self.name))
            self._keep_until_commit(instance, value, status.reference)
        elif value is None:
            api.withdraw(instance, self.name)
        columns = (self.attname, self.width_field, self.height_field)
        instance.refresh_from_db(fields=[column for column in columns if column])

    def _after_delete(self, instance: models.Model, **_kwargs: Any) -> None:
        api.withdraw(instance, self.name)

    def owner_of(self, instance: models.Model) -> models.Model:
        """Return the uploader; the instance itself where the attribute that names one is empty."""
        owner: Any = instance
        for part in filter(None, self.owner.split(".")):
            owner = getattr(owner, part)
            if owner is None:
                return instance
        if not isinstance(owner, models.Model):
            raise TypeError(f"The owner “{self.owner}” of {self} is {owner!r}, which is no model instance.")
        return owner

    def _owner_before_saving(self, instance: models.Model) -> models.Model | None:
        # A view may set the owner only after its form was valid.
        try:
            owner = self.owner_of(instance)
        except ObjectDoesNotExist:
            return None
        return None if owner._state.adding else owner
