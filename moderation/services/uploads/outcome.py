"""What a status brings with it: the host's column, files, notices and signals, in one transaction.

Screening, rescan and review all end here, so that an upload cannot become public, or stop being
public, in more than one way.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.apps import apps
from django.db import models, transaction
from django.db.models.signals import post_save
from django.dispatch import Signal
from django.utils import timezone

from moderation import signals, storage
from moderation.conf import get_settings
from moderation.models import Blocklist, Notice, Report, Screening, Upload
from moderation.services import files
from moderation.services.revision import database
from moderation.services.search.matching import RevisionMoved
from moderation.services.uploads import messages

Status = Upload.Status


@dataclass(frozen=True, slots=True)
class Outcome:
    """Where an upload goes, and why."""

    status: Status
    reason: str
    blocklist: Blocklist | None = None
    by_person: bool = False
    notice: str = ""
    """Kind of notice; chosen by what happened where empty."""


def target_of(upload: Upload) -> models.Model | None:
    """Return the host's instance whose column takes the published name, if it is still there."""
    if not (upload.target_model and upload.target_id):
        return None
    return _instance(upload.target_model, upload.target_id)


def owner_of(upload: Upload) -> models.Model | None:
    """Return the uploader, unless erased or deleted."""
    if not (upload.owner_type and upload.owner_id):
        return None
    return _instance(upload.owner_type, upload.owner_id)


def _instance(label: str, pk: str) -> models.Model | None:
    try:
        model = apps.get_model(label)
    except LookupError:
        # A person of another site, who submitted through the HTTP API.
        return None
    found: models.Model | None = model._base_manager.filter(pk=pk).first()
    return found


def settle(upload: Upload, outcome: Outcome, *, revision: int | None, published: str = "") -> None:
    """Bring ``upload`` (locked by the caller) to its new status.

    ``published`` is the announced public file of an upload that becomes approved. Raises
    :class:`RevisionMoved` where the sweep has removed it meanwhile.
    """
    before, was_public = upload.status, upload.published
    upload.status, upload.reason, upload.blocklist = outcome.status, outcome.reason, outcome.blocklist
    upload.by_person = outcome.by_person
    upload.status_at = timezone.now()
    upload.lease = upload.lease_until = None
    if revision is not None:
        upload.revision = revision
    going: list[tuple[str, str]] = []
    if outcome.status == Status.APPROVED:
        if not was_public and upload.withdrawn_at is None:
            _publish(upload, published, going)
    else:
        _take_off(upload, going)
    _drop_private(upload, going)
    files.remove_later(*going)
    upload.save()
    _notify(upload, outcome, before)
    if upload.status == Status.REJECTED and before != Status.PENDING:
        answer_reports(upload, Report.Status.ACTED)
    _announce(upload, before, was_public)


def _publish(upload: Upload, published: str, going: list[tuple[str, str]]) -> None:
    if not published or not files.claim_public(upload, published):
        raise RevisionMoved
    upload.published = published
    if not upload.target_model:
        return
    shown = (
        Upload.objects.public()
        .filter(
            target_model=upload.target_model,
            target_id=upload.target_id,
            target_field=upload.target_field,
        )
        .exclude(pk=upload.pk)
    )
    others = list(shown)
    if any(other.pk > upload.pk for other in others):
        # A newer picture is already in its place: this one is approved, and history.
        going.append((files.area_of(upload), published))
        upload.published, upload.withdrawn_at = "", timezone.now()
        return
    for older in others:
        _withdraw(older, going, replaced=True)
    _write_target(upload, published)


def withdraw(upload: Upload) -> None:
    """Remove an upload for its owner: no longer public, still in the history."""
    going: list[tuple[str, str]] = []
    _withdraw(upload, going)
    files.remove_later(*going)


def _withdraw(upload: Upload, going: list[tuple[str, str]], *, replaced: bool = False) -> None:
    if upload.status in (Status.APPROVED, Status.HELD):
        answer_reports(upload, Report.Status.GONE)
    _take_off(upload, going, replaced=replaced)
    upload.withdrawn_at = timezone.now()
    upload.save(update_fields=["published", "withdrawn_at"])


def _take_off(upload: Upload, going: list[tuple[str, str]], *, replaced: bool = False) -> None:
    # Where another picture replaces it, its name is written over the host's reference anyway.
    if upload.published:
        if not replaced:
            _write_target(upload, "", only_where=upload.published)
        going.append((files.area_of(upload), upload.published))
        upload.published = ""


def _write_target(upload: Upload, name: str, *, only_where: str | None = None) -> None:
    if not (upload.target_model and upload.target_id):
        return
    model = apps.get_model(upload.target_model)
    rows = model._base_manager.filter(pk=upload.target_id)
    if only_where is not None:
        rows = rows.filter(**{upload.target_field: only_where})
    values: dict[str, object] = {upload.target_field: name}
    field = model._meta.get_field(upload.target_field)
    if isinstance(field, models.FileField):
        # What an image field keeps beside the name, and an UPDATE does not.
        sizes = {
            getattr(field, "width_field", None): upload.published_width,
            getattr(field, "height_field", None): upload.published_height,
        }
        values |= {column: size if name else None for column, size in sizes.items() if column}
    rows.update(**values)
    if getattr(field, "send_post_save", False):
        _on_commit(lambda: _send_post_save(model, upload.target_id, upload.target_field))


def _send_post_save(model: type[models.Model], pk: str, field: str) -> None:
    instance = model._base_manager.filter(pk=pk).first()
    if instance is not None:
        post_save.send(
            model,
            instance=instance,
            created=False,
            raw=False,
            using=instance._state.db,
            update_fields=frozenset({field}),
        )


def _drop_private(upload: Upload, going: list[tuple[str, str]]) -> None:
    if upload.original and (upload.reencoded or upload.status in (Status.REFUSED, Status.REJECTED)):
        going.append((storage.QUARANTINE, upload.original))
        upload.original = ""
    if upload.status == Status.REFUSED and upload.reencoded:
        going.append((storage.QUARANTINE, upload.reencoded))
        upload.reencoded = ""


def _notify(upload: Upload, outcome: Outcome, before: str) -> None:
    kind = outcome.notice or _notice_kind(upload, before)
    if kind is None:
        return
    tell(upload, kind, by_person=outcome.by_person)


def tell(upload: Upload, kind: str, *, by_person: bool) -> Notice:
    """Leave the owner a notice on the site, and send a signal that a host can turn into mail. Nothing is called
    restored that is not shown."""
    if kind == Notice.Kind.RESTORED and not upload.published:
        kind = Notice.Kind.APPROVED
    notice = Notice.objects.create(
        upload=upload,
        kind=kind,
        message=messages.of_upload(upload),
        by_person=by_person,
        found=_found(upload, kind),
    )
    _on_commit(lambda: signals.notice_created.send_robust(Notice, notice=notice))
    return notice


def appeal_until(upload: Upload) -> datetime:
    """Return until when the uploader may object to a rejection."""
    return upload.status_at + timedelta(days=get_settings().appeal_days)


def answer_reports(upload: Upload, status: str) -> int:
    """Close the open reports of an upload, in the caller's transaction; how many there were."""
    rows = Report.objects.filter(upload=upload, status=Report.Status.OPEN)
    return rows.update(status=status, answered_at=timezone.now())


STOPPED = (Notice.Kind.REFUSED, Notice.Kind.HELD, Notice.Kind.REJECTED, Notice.Kind.TAKEN_DOWN)


def _found(upload: Upload, kind: str) -> str:
    """Return what first pointed at a picture that is stopped."""
    if kind not in STOPPED:
        return ""
    if not upload.by_person and kind != Notice.Kind.TAKEN_DOWN:
        return "machine"
    if Report.objects.filter(upload=upload, status=Report.Status.OPEN).exists():
        return "report"
    flagged = Screening.objects.filter(upload_id=upload.pk).exclude(verdict=Screening.Verdict.ALLOW)
    return "machine" if not upload.by_person or flagged.exists() else "person"


def _notice_kind(upload: Upload, before: str) -> str | None:
    kinds = Notice.Kind
    was_public = before == Status.APPROVED
    match upload.status:
        case Status.REFUSED:
            return kinds.REFUSED
        case Status.REJECTED:
            return kinds.TAKEN_DOWN if was_public else kinds.REJECTED
        case Status.HELD:
            return kinds.TAKEN_DOWN if was_public else None
        case Status.APPROVED:
            return {Status.HELD: kinds.APPROVED, Status.REJECTED: kinds.RESTORED}.get(Status(before))
    return None


SIGNALS: dict[str, Signal] = {
    Status.APPROVED: signals.upload_approved,
    Status.HELD: signals.upload_held,
    Status.REJECTED: signals.upload_rejected,
    Status.REFUSED: signals.upload_refused,
}


def _announce(upload: Upload, before: str, old_name: str) -> None:
    new_name = upload.published

    def send() -> None:
        if not any(
            signal.has_listeners(Upload) for signal in (SIGNALS[upload.status], signals.upload_taken_down)
        ):
            return
        arguments = {
            "upload": upload,
            "owner": owner_of(upload),
            "target": target_of(upload),
            "old_name": old_name,
            "new_name": new_name,
        }
        if before == Status.APPROVED and upload.status != Status.APPROVED:
            signals.upload_taken_down.send_robust(Upload, **arguments)
        if upload.status != before:
            SIGNALS[upload.status].send_robust(Upload, **arguments)

    _on_commit(send)


def _on_commit(call: Callable[[], object]) -> None:
    transaction.on_commit(call, using=database(), robust=True)
