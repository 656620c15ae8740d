"""Handlers of :data:`moderation.signals.file_removed` for what thumbnail libraries have made from a picture.

>>> file_removed.connect(remove_easy_thumbnails)  # or remove_imagekit_files
"""

from __future__ import annotations

from typing import Any

from django.core.files.storage import Storage
from django.db.models import Model

__all__ = ["remove_easy_thumbnails", "remove_imagekit_files"]


def remove_easy_thumbnails(
    *, storage: Storage, model: type[Model] | None, field: str | None, name: str, **_kwargs: Any
) -> None:
    """Delete what easy-thumbnails has made from a file."""
    from easy_thumbnails.files import get_thumbnailer
    from easy_thumbnails.models import Source

    if model is None or field is None:
        thumbnailer = get_thumbnailer(storage, relative_name=name)
    else:
        thumbnailer = get_thumbnailer(getattr(_with_source(model, field, name), field))
    # By name, which is never given twice. The library's delete_thumbnails() wants the storages to have the class that
    # they had when the thumbnail was made.
    for source in Source.objects.filter(name=name):
        for thumbnail in source.thumbnails.all():
            thumbnailer.thumbnail_storage.delete(thumbnail.name)
            thumbnail.delete()
        source.delete()


def remove_imagekit_files(*, model: type[Model] | None, field: str | None, name: str, **_kwargs: Any) -> None:
    """Delete what each ``ImageSpecField`` of the column's model has made from a file."""
    from imagekit.cachefiles.backends import CacheFileState
    from imagekit.models.fields.utils import ImageSpecFileDescriptor

    if model is None or field is None:
        return
    # A cached file is named after its source and its spec, so any instance with that source will do.
    instance = _with_source(model, field, name)
    for kind in model.__mro__:
        for attribute, found in vars(kind).items():
            if isinstance(found, ImageSpecFileDescriptor) and found.source_field_name == field:
                file = getattr(instance, attribute)
                file.storage.delete(file.name)
                file.cachefile_backend.set_state(file, CacheFileState.DOES_NOT_EXIST)


def _with_source(model: type[Model], field: str, name: str) -> Model:
    instance = model()
    instance.__dict__[field] = name
    return instance
