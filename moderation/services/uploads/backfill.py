"""Pictures that were there before moderation was: screened one by one, in place.

A picture that passes is replaced by its clean re-encoding. One that is held or rejected is taken from
its column at once, since nothing that is not approved may be public. What cannot be read as a picture
is left as it is and reported: it was not uploaded through our door, and may be no upload at all.

It resumes by itself: a column that names a published file has been done, and one with an upload that
is still pending is waited for.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from django.db import models, transaction
from django.db.models.fields.files import FieldFile

from moderation import storage
from moderation.conf import get_settings
from moderation.exceptions import ImageRefused
from moderation.models import FileRemoval, Upload
from moderation.services import files
from moderation.services.revision import database
from moderation.services.uploads import intake, screening
from moderation.services.uploads.intake import Submitter, Target

logger = logging.getLogger("moderation.backfill")

Status = Upload.Status
UPLOADS_PER_FETCH = 200
Progress = Callable[[int], None]
OwnerOf = Callable[[models.Model], models.Model]


@dataclass(slots=True)
class Backfilled:
    """What a backfill did."""

    examined: int = 0
    approved: int = 0
    held: int = 0
    rejected: int = 0
    pending: int = 0
    """Could not be screened now; run it again."""
    done_before: int = 0
    unreadable: list[tuple[str, str]] = field(default_factory=list)
    """Key of the row, and why."""


def backfill(
    *, model: type[models.Model], column: str, owner_of: OwnerOf, progress: Progress | None = None
) -> Backfilled:
    """Screen every picture of ``model.column``. Raises :class:`FieldDoesNotExist`."""
    model._meta.get_field(column)
    result = Backfilled()
    for batch in _batches(model, column):
        known = _known(model, column, batch)
        for instance in batch:
            _one(instance, column, known, owner_of, result)
            if progress:
                progress(1)
    return result


def rows(model: type[models.Model], column: str) -> models.QuerySet[models.Model]:
    """Return the rows that have a picture."""
    found: models.QuerySet[models.Model] = model._base_manager.exclude(**{column: ""}).exclude(
        **{f"{column}__isnull": True}
    )
    return found.order_by("pk")


def _batches(model: type[models.Model], column: str) -> Iterator[list[models.Model]]:
    last = None
    while True:
        batch = rows(model, column)
        if last is not None:
            batch = batch.filter(pk__gt=last)
        found = list(batch[:UPLOADS_PER_FETCH])
        if not found:
            return
        yield found
        last = found[-1].pk


def _known(model: type[models.Model], column: str, batch: list[models.Model]) -> dict[str, set[str]]:
    """Return the published names by key, with ``""`` where an upload is still pending."""
    uploads = Upload.objects.current().filter(
        target_model=model._meta.label_lower,
        target_field=column,
        target_id__in=[str(instance.pk) for instance in batch],
    )
    known: dict[str, set[str]] = {}
    for pk, status, published in uploads.values_list("target_id", "status", "published"):
        if published or status == Status.PENDING:
            known.setdefault(pk, set()).add(published)
    return known


def _one(
    instance: models.Model, column: str, known: dict[str, set[str]], owner_of: OwnerOf, result: Backfilled
) -> None:
    file: FieldFile = getattr(instance, column)
    done = known.get(str(instance.pk), set())
    result.examined += 1
    if file.name in done:
        result.done_before += 1
        return
    if "" in done:
        result.pending += 1
        return
    try:
        with file.storage.open(str(file.name), "rb") as stored:
            data = stored.read(get_settings().max_bytes + 1)
        upload = intake.submit(
            data=data,
            submitter=Submitter.of(owner_of(instance), file_name=str(file.name)),
            target=Target.of(instance, column),
            size=file.storage.size(str(file.name)),
            wake=False,
        )
    except (ImageRefused, OSError) as error:
        code = error.code if isinstance(error, ImageRefused) else type(error).__name__
        result.unreadable.append((str(instance.pk), code))
        return
    status = screening.screen_leased(upload)
    if status == Status.REFUSED:
        result.unreadable.append((str(instance.pk), "undecodable"))
        return
    _count(result, status)
    if status in (Status.APPROVED, Status.HELD, Status.REJECTED):
        _drop_old(instance, column, str(file.name))


def _count(result: Backfilled, status: str | None) -> None:
    match status:
        case Status.APPROVED:
            result.approved += 1
        case Status.HELD:
            result.held += 1
        case Status.REJECTED:
            result.rejected += 1
        case _:
            result.pending += 1


def _drop_old(instance: models.Model, column: str, name: str) -> None:
    """Delete the old file, and its name too where approval has not replaced it."""
    area = storage.area_of(instance._meta.label_lower, column)
    with transaction.atomic(using=database()):
        type(instance)._base_manager.filter(pk=instance.pk, **{column: name}).update(**{column: ""})
        if not FileRemoval.objects.filter(area=area, name=name).exists():
            files.remove_later((area, name))
