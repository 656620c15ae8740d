"""Screen an upload: lease → sandbox → match → one transaction with the verdict.

Every failure leaves the upload pending or held, never approved.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Iterable

from django.db import OperationalError, transaction
from django.utils import timezone

from moderation import storage
from moderation.conf import get_settings
from moderation.domain.analysis import Analysis
from moderation.domain.policy import Judgement
from moderation.domain.reasons import Reason
from moderation.exceptions import (
    DecoderCrashed,
    ImageRefused,
    IndexUnavailable,
    SandboxBusy,
    SandboxFailure,
    SandboxUnavailable,
    ScreeningContended,
)
from moderation.models import Blocklist, Match, Screening, Upload, UploadFingerprints
from moderation.services import files, logs, metrics, revision
from moderation.services.decoder import decoder
from moderation.services.revision import RevisionState
from moderation.services.search import evidence, local, matching
from moderation.services.search.matching import Subject
from moderation.services.uploads import outcome, queue, rate_limit
from moderation.services.uploads.outcome import Outcome
from moderation.services.uploads.publication import Publication

logger = logging.getLogger("moderation.screening")

Status = Upload.Status
STATUS_OF = {"allow": Status.APPROVED, "hold": Status.HELD, "block": Status.REJECTED}
FAILURE = "failure"
"""Occasion of a screening that came to no judgement."""


def screen(*, upload_id: int) -> str | None:
    """Screen one pending upload; its new status, ``pending`` where it has to be tried again, or None
    where there was nothing to do (decided already, or another worker has it)."""
    upload = queue.lease(upload_id)
    return screen_leased(upload) if upload else None


def screen_next() -> tuple[int, str | None] | None:
    """Screen the pending upload whose turn it is; its id and what :func:`screen` returns, or None where
    none waits."""
    upload = queue.lease_next()
    return (upload.pk, screen_leased(upload)) if upload else None


def screen_leased(upload: Upload) -> str | None:
    """Screen an upload that this process has leased; what :func:`screen` returns."""
    with logs.about(upload=upload.pk):
        status, ended = _attempt(upload)
    metrics.attempt(ended)
    return status


def _attempt(upload: Upload) -> tuple[str | None, str]:
    """Screen once; return the status, and how the attempt ended, as a short code."""
    started = time.perf_counter()
    try:
        status = _screen(upload, started)
    except (SandboxBusy, SandboxUnavailable, IndexUnavailable, ScreeningContended) as failure:
        logger.warning("upload %s stays pending: %s", upload.pk, failure.code)
        queue.release(upload, count=False)
        return Status.PENDING, failure.code
    except SandboxFailure as failure:
        metrics.sandbox_failed(failure.code)
        logger.warning("upload %s, attempt %s: %s", upload.pk, upload.attempts, failure.code)
        if upload.attempts >= get_settings().max_attempts:
            return _hold(upload, failure.code, started), failure.code
        queue.release(upload, count=True)
        return Status.PENDING, failure.code
    except Exception:
        metrics.attempt("error")
        queue.release(upload, count=True)
        raise
    return status, "decided" if status else "overtaken"


def _screen(upload: Upload, started: float) -> str | None:
    if upload.attempts > get_settings().max_attempts:
        return _hold(upload, Reason.DECODER_CRASHED, started)
    try:
        with metrics.stage("read"):
            data = storage.read(storage.quarantine(), upload.original)
    except FileNotFoundError:
        return _hold(upload, Reason.FILE_MISSING, started)
    if hashlib.sha256(data).digest() != bytes(upload.sha256):
        return _hold(upload, Reason.FILE_DAMAGED, started)
    began = time.perf_counter()
    try:
        with metrics.stage("decode"):
            analysis = decoder().analyse(data, get_settings().analysis(clean=True))
    except ImageRefused as refusal:
        return _refuse(upload, refusal.code, started)
    except (SandboxBusy, SandboxUnavailable):
        began = time.perf_counter()  # it has waited for a decoder and used none
        raise
    finally:
        spent = time.perf_counter() - began
        rate_limit.charge(owner_type=upload.owner_type, owner_id=upload.owner_id, seconds=spent)
    return _conclude(upload, analysis, started)


def _conclude(upload: Upload, analysis: Analysis, started: float) -> str | None:
    encoded = analysis.clean
    if encoded is None:
        raise DecoderCrashed("The decoder gave no re-encoding.")
    subject = Subject.of(analysis, tenant=upload.tenant)
    clean = files.keep_private(encoded, folder="clean")
    publication = Publication(upload, lambda: encoded)

    def write(state: RevisionState, judgement: Judgement) -> Upload | None:
        row = queue.still_leased(upload)
        if row is None:
            return None
        row.reencoded, row.pixels = clean, analysis.pixels
        row.published_width, row.published_height = encoded.width, encoded.height
        record(row, judgement, state=state, occasion="upload", started=started, notes=analysis.notes)
        again = row.revision is not None
        remember_codes(row, analysis, revision=state.number, again=again)
        local.remember(row, subject.features, again=again)
        settle(row, judgement, state=state, publication=publication)
        _count(row, judgement.verdict, judgement.reason)
        return row

    try:
        decided = matching.conclude(subject, prepare=publication.prepare, write=write)
        if decided is not None and decided.published == publication.name:
            publication.keep()
    except OperationalError:
        # The commit may have come through before the connection broke: then the row names the file.
        raise
    except BaseException:
        storage.quarantine().delete(clean)
        raise
    finally:
        publication.close()
    if decided is None:
        storage.quarantine().delete(clean)
        return None
    return decided.status


def record(
    upload: Upload,
    judgement: Judgement,
    *,
    state: RevisionState,
    occasion: str,
    started: float,
    notes: Iterable[str] = (),
) -> Screening:
    """Insert the screening and its matches."""
    screening = Screening(
        upload_id=upload.pk,
        revision=state.number,
        verdict=judgement.verdict,
        reason=judgement.reason,
        occasion=occasion,
        algorithms=",".join(get_settings().algorithms),
        notes=",".join(dict.fromkeys((*notes, *judgement.notes)))[:200],
        elapsed_us=int((time.perf_counter() - started) * 1e6),
        personal=upload.personal,
        commitment=upload.personal.commitment() if upload.personal else None,
    )
    screening.found = [
        Match(
            banned_id=match.hit.banned,
            blocklist=match.entry.blocklist,
            action=match.entry.action,
            method=match.hit.method,
            distance=match.hit.distance,
            radius=match.radius,
            band=match.band,
            view=max(match.hit.view, 0),
            variant=match.hit.variant,
            set_aside=match.set_aside,
            details={**match.hit.details, **(match.hit.evidence.details() if match.hit.evidence else {})},
        )
        for match in judgement.matches
    ]
    screening.save_found()
    return screening


def _count(upload: Upload, verdict: str, reason: str) -> None:
    waited = (timezone.now() - upload.submitted_at).total_seconds()
    transaction.on_commit(
        lambda: metrics.verdict(verdict, reason, seconds=waited), using=revision.database(), robust=True
    )


def settle(
    upload: Upload, judgement: Judgement, *, state: RevisionState, publication: Publication, notice: str = ""
) -> None:
    """Set the status that a judgement asks for, with everything that hangs on it."""
    leading = judgement.leading
    blocklist = Blocklist.objects.filter(slug=leading.entry.blocklist).first() if leading else None
    status = STATUS_OF[judgement.verdict]
    outcome.settle(
        upload,
        Outcome(status, judgement.reason, blocklist=blocklist, notice=notice),
        revision=state.number,
        published=publication.name if status == Status.APPROVED else "",
    )


def remember_codes(upload: Upload, analysis: Analysis, *, revision: int, again: bool) -> None:
    """Keep what the upload was searched with: a later ban is compared with it. ``again``: in place of what
    an earlier screening kept."""
    if again:
        UploadFingerprints.objects.filter(upload=upload).delete()
    UploadFingerprints.objects.bulk_create(code_rows(upload, analysis, revision=revision))
    evidence.remember(upload, analysis)


def code_rows(upload: Upload, analysis: Analysis, *, revision: int) -> list[UploadFingerprints]:
    """Return what :func:`remember_codes` stores, a row for each algorithm."""
    grouped: dict[str, tuple[list[bytes], list[tuple[int, str]]]] = {}
    for code in analysis.queries:
        codes, places = grouped.setdefault(code.algorithm, ([], []))
        codes.append(code.bits)
        places.append((code.view, code.variant))
    return [
        UploadFingerprints(
            upload=upload, algorithm=algorithm, codes=b"".join(codes), places=places, revision=revision
        )
        for algorithm, (codes, places) in grouped.items()
    ]


def _refuse(upload: Upload, reason: str, started: float) -> str | None:
    return _without_judgement(upload, "refused", reason, Status.REFUSED, started)


def _hold(upload: Upload, reason: str, started: float) -> str | None:
    return _without_judgement(upload, "hold", reason, Status.HELD, started)


def _without_judgement(
    upload: Upload, verdict: str, reason: str, status: Status, started: float
) -> str | None:
    with transaction.atomic(using=revision.database()):
        row = queue.still_leased(upload)
        if row is None:
            return None
        Screening(
            upload_id=row.pk,
            revision=revision.current().number,
            verdict=verdict,
            reason=reason,
            occasion="upload" if verdict == "refused" else FAILURE,
            elapsed_us=int((time.perf_counter() - started) * 1e6),
            personal=row.personal,
            commitment=row.personal.commitment() if row.personal else None,
        ).save()
        outcome.settle(row, Outcome(status, reason), revision=None)
        _count(row, verdict, reason)
    return status
