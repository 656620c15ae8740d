"""The file of a moderated column: what its ``ImageFieldFile`` is to an ``ImageField``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.core.files.base import File
from django.core.files.images import ImageFile
from django.db import models
from django.db.models.fields.files import FieldFile, FileDescriptor

from moderation.conf import get_settings
from moderation.exceptions import ModerationError
from moderation.models import Upload
from moderation.services.decoder import decoder

if TYPE_CHECKING:
    from moderation.fields import ModeratedImageField


class ModeratedFieldFile(ImageFile, FieldFile):
    """The published file. What is saved through it goes to quarantine first."""

    instance: models.Model
    field: ModeratedImageField
    _dimensions_cache: tuple[int, int]

    def save(self, name: str | None, content: Any, save: bool = True) -> None:
        """Submit ``content``, a Django file or one that ``open`` has returned, under ``name``; with ``save`` the
        instance is saved, which is when it is sent in."""
        # The name on the disk of this server concerns nobody.
        given = Path(name or getattr(content, "name", "") or "").name
        setattr(self.instance, self.field.name, File(content, name=given))
        if save:
            self.instance.save()

    def delete(self, save: bool = True) -> None:
        """Clear the picture; its file goes when the instance is saved."""
        setattr(self.instance, self.field.name, None)
        if save:
            self.instance.save()

    def _get_image_dimensions(self) -> tuple[int, int] | tuple[None, None]:
        """Return what ``width`` and ``height`` are; as in Django, (None, None) for what is no picture.

        Django would open the file in this process. Our own re-encodings stand in the database with their size,
        and everything else is looked at in the sandbox.
        """
        self._require_file()  # type: ignore[attr-defined]  # of FieldFile
        if "_dimensions_cache" not in self.__dict__:
            try:
                self._dimensions_cache = self._known_dimensions() or self._dimensions_in_sandbox()
            except ModerationError:
                return None, None
        return self._dimensions_cache

    def _known_dimensions(self) -> tuple[int, int] | None:
        published = Upload.objects.filter(published=self.name).first() if self._committed else None  # type: ignore[attr-defined]
        if published is None or published.published_width is None or published.published_height is None:
            return None
        return published.published_width, published.published_height

    def _dimensions_in_sandbox(self) -> tuple[int, int]:
        self.seek(0)
        data = self.read(get_settings().max_bytes + 1)
        self.seek(0)
        probe = decoder().probe(data, get_settings().limits())
        return probe.width, probe.height


class Descriptor(FileDescriptor):
    """Tells a picture that was set or cleared from one that was loaded."""

    field: ModeratedImageField

    def __set__(self, instance: Any, value: Any) -> None:
        loading = instance._state.adding and self.field.attname not in instance.__dict__
        if not loading:
            if not isinstance(value, FieldFile):
                self.field.remember(instance, value)
            elif value.instance != instance and value._committed:  # type: ignore[attr-defined]  # noqa: SLF001 -- as FileField reads it
                # Of another row; refresh_from_db hands over the file of an instance of the same row.
                self.field.remember(instance, value.name)
        super().__set__(instance, value)
