"""Taking back what one has just decided. The first decision stays in the history; so does the undo.

One button may leave two decisions: an upload was rejected, and its picture banned. Either is taken back together
with the other one.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from moderation.domain.reasons import Reason
from moderation.exceptions import DecisionRefused
from moderation.models import (
    Appeal,
    BannedImage,
    Clearance,
    Decision,
    Notice,
    Screening,
    Upload,
)
from moderation.services import revision
from moderation.services.blocklists import background
from moderation.services.desk import drafts, overturn, reinstating, review
from moderation.services.history import decisions
from moderation.services.locking import locked
from moderation.services.uploads import outcome
from moderation.services.uploads.outcome import Outcome

Kind = Decision.Kind
WITHIN = timedelta(hours=24)
UNDOABLE = (Kind.APPROVE, Kind.REJECT, Kind.BAN, Kind.RETIRE)


def last_decisions(*, actor_id: str, limit: int = 10) -> list[Decision]:
    """Return what this moderator can still take back, the newest first; of two that belong together, the ban."""
    recent = list(
        Decision.objects.filter(
            actor_id=actor_id,
            kind__in=UNDOABLE,
            undoes_id__isnull=True,
            created_at__gte=timezone.now() - WITHIN,
        ).order_by("-pk")[: limit * 2]
    )
    undone = set(
        Decision.objects.filter(undoes_id__in=[decision.pk for decision in recent]).values_list(
            "undoes_id", flat=True
        )
    )
    open_ = [decision for decision in recent if decision.pk not in undone]
    halves = {
        half.pk for decision in open_ if decision.kind == Kind.BAN and (half := _rejection_with(decision))
    }
    return [decision for decision in open_ if decision.pk not in halves][:limit]


def parts(decision: Decision) -> list[Decision]:
    """Return the decision and, where one button made two of them, the other one, if it still stands."""
    if decision.kind == Kind.BAN:
        other = _rejection_with(decision)
    elif decision.kind == Kind.REJECT and decision.reason == Reason.BANNED_TOO:
        other = _ban_with(decision)
    else:
        other = None
    return [decision] if other is None or _undone(other) else [decision, other]


def _rejection_with(ban: Decision) -> Decision | None:
    """Return the decision that rejected the upload whose picture was banned by the same button."""
    if ban.upload_id is None:
        return None
    found: Decision | None = (
        _of_upload(ban)
        .filter(kind=Kind.REJECT, reason=Reason.BANNED_TOO, pk__lt=ban.pk)
        .order_by("-pk")
        .first()
    )
    return found if found is not None and _ban_with(found) == ban else None


def _ban_with(rejection: Decision) -> Decision | None:
    found: Decision | None = (
        _of_upload(rejection).filter(kind=Kind.BAN, pk__gt=rejection.pk).order_by("pk").first()
    )
    return found


def _of_upload(decision: Decision) -> QuerySet[Decision]:
    """Return what the same moderator decided about the same upload."""
    return Decision.objects.filter(upload_id=decision.upload_id, actor_id=decision.actor_id)


def _undone(decision: Decision) -> bool:
    return Decision.objects.filter(undoes_id=decision.pk).exists()


def undo(*, decision_id: int, actor_id: str) -> Decision:
    """Take a decision of one's own back, with what the same button did beside it; return the decision that was undone.

    Raises :class:`DecisionRefused` where it is not one's own, too old, undone already, or where
    something has happened since that rests on it.
    """
    decision: Decision | None = Decision.objects.filter(pk=decision_id, actor_id=actor_id).first()
    if decision is None or not actor_id:
        raise DecisionRefused("Only one's own decisions can be undone.")
    if decision.kind not in UNDOABLE or decision.created_at < timezone.now() - WITHIN:
        raise DecisionRefused("This decision cannot be undone any more. Overturn it instead.")
    if decision.undoes_id is not None:
        raise DecisionRefused(
            "This took back another decision, and cannot be undone. Make that decision again."
        )
    if _undone(decision):
        raise DecisionRefused("This decision is undone already.")
    by_kind = {part.kind: part for part in parts(decision)}
    ban, rejection = by_kind.get(Kind.BAN), by_kind.get(Kind.REJECT)
    if ban is not None and (_stands(ban) or rejection is None):
        _undo_ban(ban, rejection)
    elif rejection is not None:
        _undo_rejection(rejection)
    else:
        UNDO[decision.kind](decision)
    return decision


def _newest_on_upload(decision: Decision) -> None:
    newer = Decision.objects.filter(upload_id=decision.upload_id or 0, pk__gt=decision.pk)
    if newer.exclude(kind__in=(Kind.BAN, Kind.ALREADY_BANNED)).exclude(undoes_id__isnull=False).exists():
        raise DecisionRefused("A moderator has decided about this upload since.")
    if Appeal.objects.filter(upload_id=decision.upload_id or 0).exists():
        raise DecisionRefused("The uploader has asked for a review since: answer that.")


def _record(decision: Decision, number: int) -> None:
    decisions.record(
        kind=Kind.UNDO,
        actor_id=decision.actor_id,
        upload_id=decision.upload_id,
        banned_id=decision.banned_id,
        revision=number,
        reason=decision.kind,
        undoes_id=decision.pk,
    )


def _back_to_the_queue(decision: Decision, *, expected: str) -> None:
    with revision.shared_lock() as state:
        upload = Upload.objects.filter(pk=decision.upload_id or 0).first()
        row = locked(upload, status=expected) if upload is not None else None
        if row is None:
            raise DecisionRefused("The upload has changed since.")
        if expected == Upload.Status.APPROVED:
            Clearance.objects.filter(upload=row).delete()
        _record(decision, state.number)
        outcome.settle(
            row,
            Outcome(
                Upload.Status.HELD,
                Reason.UNDONE,
                blocklist=row.blocklist,
                by_person=True,
                notice=Notice.Kind.HELD,
            ),
            revision=None,
        )


def _undo_approval(decision: Decision) -> None:
    _newest_on_upload(decision)
    learned = background.of_decision(decision.pk)
    if not learned.exists():
        _back_to_the_queue(decision, expected=Upload.Status.APPROVED)
        return
    with revision.exclusive_change():
        background.forget(rows=learned, actor_id=decision.actor_id)
        _back_to_the_queue(decision, expected=Upload.Status.APPROVED)


def _undo_rejection(decision: Decision) -> None:
    _newest_on_upload(decision)
    if decision.reason == Reason.BANNED_TOO:
        drafts.drop_of_upload(upload_id=decision.upload_id or 0, actor_id=decision.actor_id)
    if not _was_public(decision):
        _back_to_the_queue(decision, expected=Upload.Status.REJECTED)
        return
    upload_id = int(decision.upload_id or 0)

    def also(row: Upload) -> None:
        _record(decision, row.revision or 0)

    review.approve(
        upload_id=upload_id,
        actor_id=decision.actor_id,
        kind=Kind.RESTORE,
        notice=Notice.Kind.RESTORED,
        also=also,
    )


def _was_public(decision: Decision) -> bool:
    """Return whether the upload was approved before this decision."""
    earlier = Decision.objects.filter(upload_id=decision.upload_id or 0, pk__lt=decision.pk).exclude(
        kind__in=(Kind.BAN, Kind.ALREADY_BANNED)
    )
    said = earlier.order_by("-pk").first()
    judged = (
        Screening.objects.filter(upload_id=decision.upload_id or 0, created_at__lte=decision.created_at)
        .order_by("-pk")
        .first()
    )
    if said is not None and (judged is None or said.created_at > judged.created_at):
        return said.kind in (Kind.APPROVE, Kind.GRANT, Kind.RESTORE)
    return judged is not None and judged.verdict == Screening.Verdict.ALLOW


def _stands(ban: Decision) -> bool:
    """Return whether the entry that a ban made is still active."""
    return BannedImage.objects.active().filter(pk=ban.banned_id or 0).exists()


def _undo_ban(decision: Decision, rejection: Decision | None) -> None:
    if not _stands(decision):
        raise DecisionRefused("The entry is retired already.")
    banned_id = int(decision.banned_id or 0)
    plan = overturn.default_plan(banned_id=banned_id, undoes_id=decision.pk)
    overturn.overturn(
        banned_id=banned_id,
        actor_id=decision.actor_id,
        plan=plan,
        put_back=_put_back(rejection) if rejection is not None else None,
    )


def _put_back(rejection: Decision) -> overturn.PutBack | None:
    """Take the rejection back in the transaction that retires the entry; None where the upload is purged."""
    upload_id = int(rejection.upload_id or 0)
    if not Upload.objects.filter(pk=upload_id).exists():
        return None
    _newest_on_upload(rejection)
    public = _was_public(rejection)

    def settle(published: str, number: int) -> None:
        if not (public and published):
            _back_to_the_queue(rejection, expected=Upload.Status.REJECTED)
            return
        row = locked(Upload.objects.get(pk=upload_id), status=Upload.Status.REJECTED)
        if row is None:
            raise DecisionRefused("The upload has changed since.")
        _record(rejection, number)
        restored = Outcome(
            Upload.Status.APPROVED, Reason.MODERATOR, by_person=True, notice=Notice.Kind.RESTORED
        )
        outcome.settle(row, restored, revision=number, published=published)

    return overturn.PutBack(upload_id, settle)


def _undo_retirement(decision: Decision) -> None:
    reinstating.reinstate(
        banned_id=int(decision.banned_id or 0), actor_id=decision.actor_id, undoes_id=decision.pk
    )


UNDO: dict[str, Callable[[Decision], Any]] = {Kind.APPROVE: _undo_approval, Kind.RETIRE: _undo_retirement}
