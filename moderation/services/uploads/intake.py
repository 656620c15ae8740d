"""The door: bytes come in, and a pending row (or a refusal in the audit) comes out."""

from __future__ import annotations

import hashlib
import secrets
import uuid
from dataclasses import dataclass

from django.db import IntegrityError, OperationalError, models, transaction

from moderation import storage
from moderation.conf import get_settings
from moderation.domain.analysis import Limits, Probe
from moderation.exceptions import ImageRefused, SandboxFailure
from moderation.models import PersonalData, Refusal, Upload
from moderation.services import metrics
from moderation.services.decoder import decoder
from moderation.services.dispatching import dispatcher, is_immediate
from moderation.services.locking import lock_target, locked
from moderation.services.personal import owner_key, record_personal
from moderation.services.revision import database
from moderation.services.uploads import outcome, queue, rate_limit

ALPHABET = "23456789ABCDEFGHJKLMNPQRSTVWXYZ"
"""Without characters that are mistaken for one another when read out."""


@dataclass(frozen=True, slots=True)
class Submitter:
    """Who sends a picture, from where, and under which file name."""

    owner_type: str = ""
    owner_id: str = ""
    address: str = ""
    file_name: str = ""
    tenant: str = ""
    """On whose behalf, where a key of the HTTP API sends it."""
    exempt: bool = False
    """Whether no limit holds."""

    @classmethod
    def of(cls, owner: models.Model, *, address: str = "", file_name: str = "") -> Submitter:
        """Return the submitter of a host's user, or of any other model."""
        exempt = get_settings().staff_exempt and getattr(owner, "is_staff", False) is True
        return cls(*owner_key(owner), address, file_name, exempt=exempt)


@dataclass(frozen=True, slots=True)
class Target:
    """The column that an approved picture is written to; all empty for none."""

    model: str = ""
    pk: str = ""
    field: str = ""

    @classmethod
    def of(cls, instance: models.Model, field: str) -> Target:
        """Return the target of an instance's column. Raises :class:`ValueError` for an unsaved instance,
        :class:`FieldDoesNotExist` for a column that is not there."""
        if instance.pk is None:
            raise ValueError("Save the instance before a picture is submitted for it.")
        instance._meta.get_field(field)
        return cls(instance._meta.label_lower, str(instance.pk), field)


def new_reference() -> str:
    """Return eight random characters in two groups, ``7K3M-92QF``: 39 bits."""
    letters = [secrets.choice(ALPHABET) for _ in range(8)]
    return "".join(letters[:4]) + "-" + "".join(letters[4:])


@dataclass(frozen=True, slots=True)
class Passed:
    """What the sandbox said of bytes that passed the door; who holds them need not ask again."""

    sha256: bytes
    limits: Limits
    probe: Probe


def admit(submitter: Submitter) -> None:
    """Count one attempt, before anything is looked at. Raises :class:`TooManyUploads`."""
    if not submitter.exempt:
        rate_limit.admit(owner_type=submitter.owner_type, owner_id=submitter.owner_id)


def check_at_form(
    *, data: bytes, size: int | None, submitter: Submitter, passed: Passed | None = None
) -> Passed:
    """Check what a form was sent, before there is a row: the limits where the submitter has an owner, then the
    door. Raises what :func:`submit` raises."""
    admit(submitter)
    if not submitter.exempt:
        rate_limit.refuse_too_many_pending(owner_type=submitter.owner_type, owner_id=submitter.owner_id)
    return check(data=data, size=size, submitter=submitter, door="form", passed=passed)


def submit(
    *,
    data: bytes,
    submitter: Submitter,
    target: Target,
    size: int | None = None,
    wake: bool = True,
    admitted: bool = False,
    passed: Passed | None = None,
) -> Upload:
    """Check at the door, store in quarantine, insert the row, wake a worker up after the commit.

    ``size`` is that of the whole file where ``data`` is only its beginning, because it is too large.
    ``admitted`` says that :func:`admit` has counted this attempt already; ``passed`` is what :func:`check` returned for
    the same bytes before.
    With ``wake=False`` the upload is returned leased, for the caller to screen. Otherwise as it is then:
    decided, where the dispatcher does the work at once.
    Raises an :class:`ImageRefused` child for bytes that we do not take: nothing is stored then but
    one :class:`Refusal`. Raises :class:`TooManyUploads` before anything else is looked at.
    """
    if not admitted:
        admit(submitter)
    passed = check(data=data, size=size, submitter=submitter, door="upload", passed=passed)
    probe = passed.probe
    original = storage.write(storage.quarantine(), storage.fresh_name("originals"), data)
    upload = Upload(
        owner_type=submitter.owner_type,
        owner_id=submitter.owner_id,
        tenant=submitter.tenant,
        target_model=target.model,
        target_id=target.pk,
        target_field=target.field,
        original=original,
        sha256=passed.sha256,
        size=len(data),
        format=probe.format,
        width=probe.width,
        height=probe.height,
        frames=probe.frames,
    )
    try:
        _insert(upload, submitter, wake=wake)
    except OperationalError:
        # The commit may have come through before the connection broke: then the row names the file.
        # If it did not, `doctor` finds the orphan.
        raise
    except BaseException:
        storage.quarantine().delete(original)
        raise
    if wake and is_immediate():
        upload.refresh_from_db()
    return upload


def check(
    *, data: bytes, size: int | None, submitter: Submitter, door: str, passed: Passed | None = None
) -> Passed:
    """Return what the header says. Raises an :class:`ImageRefused` child for bytes that we do not take, after it has
    been recorded.

    ``passed`` is an earlier answer. It is returned where it is about these bytes and these limits: a form, a save
    and a submission of one file ask the sandbox once.
    """
    digest, limits = hashlib.sha256(data).digest(), get_settings().limits()
    if passed is not None and (passed.sha256, passed.limits) == (digest, limits):
        return passed
    try:
        return Passed(digest, limits, decoder().probe(data, limits))
    except SandboxFailure as failure:
        metrics.sandbox_failed(failure.code)
        raise
    except ImageRefused as refusal:
        metrics.refused_at_the_door(refusal.code)
        refuse(reason=refusal.code, size=size or len(data), digest=digest, submitter=submitter, door=door)
        raise


def withdraw(*, target: Target) -> int:
    """Withdraw every upload for a column; the number of them."""
    with transaction.atomic(using=database()):
        lock_target(Upload(target_model=target.model, target_id=target.pk, target_field=target.field))
        uploads = (
            Upload.objects.current()
            .select_for_update()
            .filter(
                target_model=target.model,
                target_id=target.pk,
                target_field=target.field,
            )
        )
        for upload in uploads:
            outcome.withdraw(upload)
        return len(uploads)


def withdraw_upload(*, upload_id: int) -> bool:
    """Withdraw one upload; whether it was not withdrawn already."""
    with transaction.atomic(using=database()):
        upload = Upload.objects.filter(pk=upload_id).first()
        row = locked(upload, withdrawn_at=None) if upload else None
        if row is None:
            return False
        outcome.withdraw(row)
        return True


def refuse(*, reason: str, size: int, digest: bytes, submitter: Submitter, door: str) -> Refusal:
    """Write one row in the audit for bytes that were turned away; the bytes are not kept."""
    with transaction.atomic(using=database()):
        personal = _personal(submitter)
        return Refusal.objects.create(
            reason=reason,
            size=size,
            sha256=digest,
            door=door,
            personal=personal,
            commitment=personal.commitment() if personal else None,
        )


def _insert(upload: Upload, submitter: Submitter, *, wake: bool) -> None:
    # Of two that draw the same reference one starts again; a savepoint for it would cost each of them.
    for attempt in range(5):
        upload.reference = new_reference()
        try:
            with transaction.atomic(using=database()):
                if not submitter.exempt:
                    rate_limit.reserve(
                        owner_type=submitter.owner_type,
                        owner_id=submitter.owner_id,
                        reference=upload.reference,
                    )
                upload.personal = _personal(submitter)
                if not wake:
                    upload.lease, upload.attempts = uuid.uuid4(), 1
                    upload.lease_until = queue.lease_end()
                upload.save(force_insert=True)
                if wake:
                    transaction.on_commit(
                        lambda: dispatcher().screen(upload.pk), using=database(), robust=True
                    )
                return
        except IntegrityError:
            if attempt == 4:
                raise


def _personal(submitter: Submitter) -> PersonalData | None:
    return record_personal(
        owner_type=submitter.owner_type,
        owner_id=submitter.owner_id,
        address=submitter.address,
        file_name=submitter.file_name,
    )
