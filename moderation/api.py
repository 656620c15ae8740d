"""What a host site imports, beside ``fields``, ``validators``, ``signals``, ``storage``, ``testing`` and ``admin.mixins``.

The rest of this package may change without notice."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.files.base import File
from django.db.models import Model
from django.utils import timezone

from moderation import selectors, storage
from moderation.conf import get_settings
from moderation.domain.analysis import Limits
from moderation.domain.policy import LOCAL
from moderation.exceptions import AppealRefused
from moderation.models import Appeal, Match, Notice, Screening, Upload
from moderation.services.blocklists import banning, enrolment
from moderation.services.blocklists.banning import BanResult, EntryOptions
from moderation.services.desk import review
from moderation.services.files import area_of
from moderation.services.personal import owner_key
from moderation.services.search import trial
from moderation.services.uploads import data_rights, intake, messages, outcome
from moderation.services.uploads.reporting import ReportStatus, report_picture, report_status, reports_of

__all__ = [
    "Explanation",
    "NoticeView",
    "ReportStatus",
    "ScreenedBytes",
    "UploadStatus",
    "ask_for_review",
    "ban",
    "check_at_door",
    "erase_data",
    "explain",
    "export_data",
    "fingerprint",
    "limits",
    "mark_notices_read",
    "notices_for",
    "report_picture",
    "report_status",
    "reports_of",
    "screen_bytes",
    "status_of",
    "submit_upload",
    "upload_status",
    "withdraw",
]


PASSED = "_moderation_passed"
"""The attribute in which a file object remembers that its bytes passed the door."""
COUNTED_FOR = "_moderation_counted_for"
"""Attribute of a file whose attempt has been counted already: the key of the owner."""


@dataclass(frozen=True, slots=True)
class UploadStatus:
    """What an uploader may know of an upload: never a distance, a hash, or which image matched."""

    reference: str
    """What may be quoted to the site's staff: ``7K3M-92QF``."""
    status: str
    """``pending``, ``approved``, ``held``, ``rejected`` or ``refused``."""
    message: str
    """In words: the policy text of a rejection, or what happens now."""
    url: str | None
    """Public address, once approved."""
    submitted_at: datetime
    may_appeal: bool
    appeal: str | None
    """``open``, ``granted``, ``denied``, or None where nobody asked."""


@dataclass(frozen=True, slots=True)
class NoticeView:
    """A notice for the owner of an upload."""

    id: int
    kind: str
    """``refused``, ``rejected``, ``taken_down``, ``approved``, ``restored``, ``appeal_granted`` or
    ``appeal_denied``."""
    message: str
    reference: str
    created_at: datetime
    by: str
    """``machine`` or ``person``."""
    read: bool
    may_appeal: bool
    found: str = ""
    """How a picture that was stopped was found: by the ``machine``, a ``person`` or a ``report``; else empty."""
    appeal_until: datetime | None = None
    """While a review may be asked for, until when."""


@dataclass(frozen=True, slots=True)
class ScreenedBytes:
    """What a screening would say; nothing is stored. For the host's code, not for uploaders."""

    verdict: str
    """``allow``, ``hold`` or ``block``."""
    reason: str
    policy_text: str
    revision: int


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why an upload got its verdict. For staff: distances help an evader."""

    verdict: str
    reason: str
    method: str
    distance: int | None
    radius: int | None
    """In bits; None for the second tier, which measures otherwise."""
    variant: str
    banned: int | None
    elapsed_ms: float


def submit_upload(
    file: File[Any], *, owner: Model, target: tuple[Model, str], address: str = ""
) -> UploadStatus:
    """Take a picture in. It stays private until it has been screened; the old one stays public till then.

    ``target`` is an instance and the name of its column, which takes the name of the published file:
    ``(profile, "avatar")``. With inline dispatch the verdict is there when this returns (unless a
    transaction is open: then after its commit).

    Raises a child of :class:`moderation.exceptions.ImageRefused` for bytes that are not taken; then
    nothing is stored but the audit of the refusal.
    """
    submitter = intake.Submitter.of(owner, address=address, file_name=file.name or "")
    upload = intake.submit(
        data=_read(file),
        submitter=submitter,
        target=intake.Target.of(*target),
        size=file.size,
        admitted=file.__dict__.pop(COUNTED_FOR, None) == owner_key(owner),
        passed=file.__dict__.get(PASSED),
    )
    return described(upload)


def limits() -> Limits:
    """Return what is refused at the door: bytes, pixels, frames, formats. For a form's words and accept list."""
    return get_settings().limits()


def check_at_door(file: File[Any], *, owner: Model | None = None) -> None:
    """Answer what a form asks before there is an instance: is this a picture that we take?

    With ``owner`` it counts as one attempt of that uploader; :func:`submit_upload` of the same file object then
    does not count it again. Raises a child of :class:`moderation.exceptions.ImageRefused`, recorded in the
    audit, and with ``owner`` :class:`moderation.exceptions.TooManyUploads`.
    """
    name = file.name or ""
    submitter = intake.Submitter.of(owner, file_name=name) if owner else intake.Submitter(file_name=name)
    data, passed = _read(file), file.__dict__.get(PASSED)
    file.seek(0)
    file.__dict__[PASSED] = intake.check_at_form(
        data=data, size=file.size, submitter=submitter, passed=passed
    )
    if owner:
        file.__dict__[COUNTED_FOR] = owner_key(owner)


def _read(file: File[Any]) -> bytes:
    file.seek(0)
    # One byte more than is taken: the door sees that it is too much without reading it all.
    data: bytes = file.read(get_settings().max_bytes + 1)
    return data


def withdraw(instance: Model, field: str) -> None:
    """Take the picture of a column away for its owner: no file of it stays public, nothing waits to be decided."""
    intake.withdraw(target=intake.Target.of(instance, field))


def status_of(instance: Model, field: str) -> UploadStatus | None:
    """Return the newest upload for a column, or None: also where the owner took the picture away."""
    upload = (
        Upload.objects.current()
        .filter(
            target_model=instance._meta.label_lower,
            target_id=str(instance.pk),
            target_field=field,
        )
        .select_related("blocklist", "appeal")
        .order_by("-id")
        .first()
    )
    return described(upload) if upload else None


def upload_status(reference: str, *, owner: Model) -> UploadStatus | None:
    """Return one of the owner's own uploads, or None."""
    upload = _owned(owner).filter(reference=reference).select_related("blocklist", "appeal").first()
    return described(upload) if upload else None


def notices_for(owner: Model, *, unread_only: bool = False) -> list[NoticeView]:
    """Return the owner's notices, the newest first; at most 100."""
    notices = Notice.objects.filter(upload__in=_owned(owner)).select_related("upload__appeal")
    if unread_only:
        notices = notices.filter(read_at__isnull=True)
    return [
        NoticeView(
            id=notice.pk,
            kind=notice.kind,
            message=notice.message,
            reference=notice.upload.reference,
            created_at=notice.created_at,
            by="person" if notice.by_person else "machine",
            read=notice.read_at is not None,
            may_appeal=_may_appeal(notice.upload),
            found=notice.found,
            appeal_until=outcome.appeal_until(notice.upload) if _may_appeal(notice.upload) else None,
        )
        for notice in notices[:100]
    ]


def mark_notices_read(owner: Model) -> None:
    """Note that the owner has seen them."""
    Notice.objects.filter(upload__in=_owned(owner), read_at__isnull=True).update(read_at=timezone.now())


def ask_for_review(reference: str, *, owner: Model, text: str) -> UploadStatus:
    """Object to a rejection for its uploader, once, with a sentence.

    Raises :class:`moderation.exceptions.AppealRefused`.
    """
    upload = _owned(owner).filter(reference=reference).first()
    if upload is None:
        raise AppealRefused
    review.ask_for_review(upload=upload, text=text)
    return described(Upload.objects.select_related("blocklist", "appeal").get(pk=upload.pk))


def screen_bytes(data: bytes) -> ScreenedBytes:
    """Screen without storing anything.

    Raises :class:`moderation.exceptions.ImageRefused` and ``SandboxFailure`` children.
    """
    found = trial.judge_bytes(data)
    return ScreenedBytes(found.verdict, found.reason, found.policy_text, found.revision)


def fingerprint(data: bytes, *algorithms: str) -> dict[str, str]:
    """Return the fingerprints of a picture by algorithm, as hexadecimal text that imagehash's ``str()`` prints and
    ``import_hashes`` reads; none of a flat one. ``algorithms`` are by default those that the site searches for.

    Raises :class:`moderation.exceptions.UnknownAlgorithm`, and what :func:`screen_bytes` raises.
    """
    return enrolment.fingerprints(data=data, algorithms=algorithms)


def ban(
    data: bytes, *, blocklist: str = "default", actor: Model | None = None, reason: str = "", note: str = ""
) -> BanResult:
    """Ban a picture; see :func:`moderation.services.blocklists.banning.ban` for what it raises."""
    return banning.ban(
        picture=enrolment.picture_from_bytes(data, source="api"),
        blocklist=selectors.blocklist_named(blocklist),
        actor_id=str(actor.pk) if actor else "",
        options=EntryOptions(reason=reason, note=note),
    )


def export_data(owner: Model) -> dict[str, Any]:
    """Return everything that is kept of a person, ready for JSON."""
    owner_type, owner_id = owner_key(owner)
    return data_rights.export(owner_type=owner_type, owner_id=owner_id)


def erase_data(owner: Model) -> data_rights.Erased:
    """Take a person's pictures away and forget who it was, when an account is deleted. The history still verifies."""
    owner_type, owner_id = owner_key(owner)
    return data_rights.erase(owner_type=owner_type, owner_id=owner_id)


def explain(reference: str) -> Explanation | None:
    """Return the latest screening of an upload, for staff; None where there is none."""
    upload = Upload.objects.filter(reference=reference).first()
    screening = upload and Screening.objects.filter(upload_id=upload.pk).order_by("-id").first()
    if not screening:
        return None
    match = Match.objects.filter(screening=screening).order_by("id").first()
    measured = match is not None and not match.method.startswith(LOCAL)
    return Explanation(
        verdict=screening.verdict,
        reason=screening.reason,
        method=match.method if match else "",
        distance=match.distance if match and measured else None,
        radius=match.radius if match and measured else None,
        variant=match.variant if match else "",
        banned=match.banned_id if match else None,
        elapsed_ms=screening.elapsed_us / 1000,
    )


def _owned(owner: Model) -> Any:
    owner_type, owner_id = owner_key(owner)
    return Upload.objects.filter(owner_type=owner_type, owner_id=owner_id)


def _appeal(upload: Upload) -> Appeal | None:
    # What no screening has judged yet, nobody can have objected to: not worth a query.
    return None if upload.revision is None else getattr(upload, "appeal", None)


def _may_appeal(upload: Upload) -> bool:
    open_ = upload.status == Upload.Status.REJECTED and _appeal(upload) is None
    return open_ and timezone.now() <= outcome.appeal_until(upload)


def described(upload: Upload) -> UploadStatus:
    """Return what an uploader may know of an upload. For entry points of this package, not for hosts."""
    appeal = _appeal(upload)
    return UploadStatus(
        reference=upload.reference,
        status=upload.status,
        message=messages.of_upload(upload),
        url=storage.storage_of(area_of(upload)).url(upload.published) if upload.published else None,
        submitted_at=upload.submitted_at,
        may_appeal=_may_appeal(upload),
        appeal=appeal.status if appeal else None,
    )
