"""What humans decide about uploads."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from moderation import selectors
from moderation.domain.policy import Judgement
from moderation.exceptions import AppealRefused, ChangedSinceSeen, DecisionRefused
from moderation.models import (
    Appeal,
    Blocklist,
    Clearance,
    Decision,
    Match,
    Notice,
    Screening,
    Upload,
)
from moderation.selectors import user_names
from moderation.services import revision
from moderation.services.blocklists import background
from moderation.services.dispatching import dispatcher
from moderation.services.history import decisions
from moderation.services.locking import locked
from moderation.services.rescans import rescreening
from moderation.services.revision import RevisionState
from moderation.services.search import matching
from moderation.services.uploads import outcome
from moderation.services.uploads.outcome import Outcome
from moderation.services.uploads.publication import Publication

Status = Upload.Status
Kind = Decision.Kind
T = TypeVar("T")
TEACHES = (Kind.APPROVE, Kind.GRANT)
"""By which a moderator says that the upload is another picture than what it matched."""


def approve(
    *,
    upload_id: int,
    actor_id: str,
    note: str = "",
    kind: str = Kind.APPROVE,
    notice: str = "",
    seen: int | None = None,
    expected: str | None = None,
    also: Callable[[Upload], None] | None = None,
) -> Upload:
    """Publish a held or rejected upload, as a human decides.

    What it matched so far is cleared for this upload: no rescan takes it down for that again. What only the
    second tier found is learned to be background (:mod:`~moderation.services.blocklists.background`). An entry
    that came since, and that nobody has seen beside it, raises :class:`ChangedSinceSeen`, with the new
    matches recorded. ``seen`` is the newest screening (of any upload) that there was when the moderator's
    page was made, ``expected`` the status that it showed. Raises :class:`DecisionRefused` where that is
    out of date, where nothing can be published, and for the moderator's own upload. ``also`` runs in the same transaction.
    """
    upload = _to_publish(upload_id, actor_id, expected)
    upto = newest_screening() if seen is None else seen
    publication = Publication(upload, lambda: rescreening.clean_file(upload))

    def write(state: RevisionState, judgement: Judgement) -> Upload:
        row = locked(upload)
        if row is None or row.status != upload.status or row.reencoded != upload.reencoded:
            raise _decided_meanwhile(row or upload)
        counting = {match.hit.banned for match in judgement.matches if not match.set_aside}
        known = _seen(upload_id, upto)
        if counting - known:
            raise ChangedSinceSeen
        Clearance.objects.bulk_create(
            [Clearance(upload=row, banned_id=banned) for banned in sorted(counting | known)],
            ignore_conflicts=True,
        )
        decision = decisions.record(
            kind=kind, actor_id=actor_id, upload_id=row.pk, revision=state.number, note=note
        )
        if kind in TEACHES:
            background.note(decision, judgement.matches)
        outcome.settle(
            row,
            Outcome(Status.APPROVED, "moderator", by_person=True, notice=notice),
            revision=state.number,
            published=publication.name,
        )
        if also:
            also(row)
        else:
            Appeal.objects.open().filter(upload=row).update(
                status=Appeal.Status.GRANTED, answered_at=timezone.now()
            )
        return row

    try:
        return matching.conclude(
            rescreening.subject_of(upload), prepare=lambda _preview: publication.write(), write=write
        )
    except ChangedSinceSeen:
        rescreening.rescreen(upload_id=upload_id, occasion="rescan")
        rescreening.look_again(upload_id=upload_id)
        raise
    finally:
        publication.close()


def _to_publish(upload_id: int, actor_id: str, expected: str | None) -> Upload:
    upload = Upload.objects.filter(pk=upload_id).first()
    if upload is not None and expected is not None and upload.status != expected:
        raise _decided_meanwhile(upload)
    if upload is not None and user_names.owns(upload, actor_id=actor_id):
        raise DecisionRefused("This is your own upload: another moderator decides about it.")
    if upload is None or upload.status not in (Status.HELD, Status.REJECTED):
        raise DecisionRefused("Only a held or a rejected upload can be approved.")
    if not upload.reencoded:
        raise DecisionRefused(
            "This upload was never decoded completely, so there is nothing that could be published. "
            "Screen it again, or reject it."
        )
    return upload


def _decided_meanwhile(upload: Upload) -> DecisionRefused:
    return DecisionRefused(
        f"This upload was decided meanwhile: it is {upload.status} now. Nothing was changed; look at it again."
    )


def newest_screening() -> int:
    """Return what a page tells :func:`approve` of when it was made."""
    return Screening.objects.order_by("-pk").values_list("pk", flat=True).first() or 0


def _seen(upload_id: int, upto: int) -> set[int]:
    screenings = Screening.objects.filter(upload_id=upload_id, pk__lte=upto)
    return set(Match.objects.filter(screening__in=screenings).values_list("banned_id", flat=True).distinct())


def reject(
    *,
    upload_id: int,
    actor_id: str,
    blocklist: Blocklist | None = None,
    note: str = "",
    kind: str = Kind.REJECT,
    reason: str = "",
    expected: str | None = None,
) -> Upload:
    """Reject an upload that is held or public. Its owner reads the policy text of ``blocklist``, or of the
    list that held it, or of the default one.

    ``reason`` is kept with the decision: ``banned_too`` where a ban of the picture is the other half of it.
    ``expected`` is the status that the moderator's page showed. Raises :class:`DecisionRefused` where that is
    out of date.
    """
    with revision.shared_lock() as state:
        row = locked(Upload.objects.filter(pk=upload_id).first() or Upload())
        if row is not None and expected is not None and row.status != expected:
            raise _decided_meanwhile(row)
        if row is None or row.status not in (Status.HELD, Status.APPROVED):
            raise DecisionRefused("Only a held or a public upload can be rejected.")
        chosen = blocklist or row.blocklist or selectors.blocklist_named("default")
        decisions.record(
            kind=kind, actor_id=actor_id, upload_id=row.pk, revision=state.number, reason=reason, note=note
        )
        outcome.settle(
            row,
            Outcome(Status.REJECTED, "moderator", blocklist=chosen, by_person=True),
            revision=state.number,
        )
        return row


def screen_again(*, upload_id: int, actor_id: str) -> Upload:
    """Put an upload that could not be decoded back into the queue, its attempts forgotten."""
    with revision.shared_lock() as state:
        row = (
            Upload.objects.select_for_update().filter(pk=upload_id, status=Status.HELD, reencoded="").first()
        )
        if row is None or not row.original:
            raise DecisionRefused("Only a held upload that was never decoded can be screened again.")
        row.status, row.reason, row.attempts = Status.PENDING, "", 0
        row.save(update_fields=["status", "reason", "attempts"])
        decisions.record(kind=Kind.SCREEN_AGAIN, actor_id=actor_id, upload_id=row.pk, revision=state.number)
        transaction.on_commit(lambda: dispatcher().screen(upload_id), using=revision.database(), robust=True)
        return row


def ask_for_review(*, upload: Upload, text: str) -> Appeal:
    """Store an uploader's objection, allowed once, with a sentence, within ``APPEAL_DAYS``. Raises
    :class:`AppealRefused`."""
    text = text.strip()
    if not text:
        raise AppealRefused("Say in a sentence why this picture should be looked at again.")
    with revision.shared_lock():
        row = Upload.objects.select_for_update().get(pk=upload.pk)
        if row.status != Status.REJECTED or Appeal.objects.filter(upload=row).exists():
            raise AppealRefused
        if timezone.now() > outcome.appeal_until(row):
            raise AppealRefused("The time within which a review can be asked for is over.")
        return Appeal.objects.create(upload=row, text=text[:1000])


def decided_before(*, upload_id: int, actor_id: str) -> bool:
    """Return whether this moderator has said something about this upload already."""
    return Decision.objects.filter(upload_id=upload_id, actor_id=actor_id).exclude(actor_id="").exists()


def answer_appeal(
    *, appeal_id: int, actor_id: str, grant: bool, note: str = "", seen: int | None = None
) -> Appeal:
    """Answer an open appeal; granting publishes the upload. Raises :class:`DecisionRefused` for whoever
    decided about the upload before, and for an appeal that is answered."""
    appeal = Appeal.objects.select_related("upload").filter(pk=appeal_id).first()
    if appeal is None or appeal.status != Appeal.Status.OPEN:
        raise DecisionRefused("This appeal is answered.")
    if decided_before(upload_id=appeal.upload_id, actor_id=actor_id):
        raise DecisionRefused("You decided about this upload before: another moderator answers its appeal.")
    if grant:
        approve(
            upload_id=appeal.upload_id,
            actor_id=actor_id,
            note=note,
            kind=Kind.GRANT,
            notice=Notice.Kind.APPEAL_GRANTED,
            seen=seen,
            expected=Status.REJECTED,
            also=lambda _row: _answer(appeal, Appeal.Status.GRANTED),
        )
    else:
        with revision.shared_lock() as state:
            if locked(appeal.upload, status=Status.REJECTED) is None:
                raise DecisionRefused("This upload is not rejected any more. Reload the page.")
            _answer(appeal, Appeal.Status.DENIED)
            decisions.record(
                kind=Kind.DENY,
                actor_id=actor_id,
                upload_id=appeal.upload_id,
                revision=state.number,
                note=note,
            )
            outcome.tell(appeal.upload, Notice.Kind.APPEAL_DENIED, by_person=True)
    return appeal


def _answer(appeal: Appeal, status: str) -> None:
    answered = Appeal.objects.open().filter(Q(pk=appeal.pk)).update(status=status, answered_at=timezone.now())
    if not answered:
        raise DecisionRefused("This appeal is answered.")
    appeal.refresh_from_db()
