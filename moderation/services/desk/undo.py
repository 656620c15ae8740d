"""Taking back what one has just decided. The first decision stays in the history; so does the undo."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.utils import timezone

from moderation import selectors, storage
from moderation.domain.analysis import Encoded
from moderation.domain.reasons import Reason
from moderation.exceptions import DecisionRefused
from moderation.models import (
    Appeal,
    BannedImage,
    BlocklistChange,
    Clearance,
    Decision,
    Fingerprint,
    Notice,
    Screening,
    Upload,
)
from moderation.services import files, revision
from moderation.services.blocklists import background
from moderation.services.blocklists.blocklist import reach_back
from moderation.services.desk import overturn, review
from moderation.services.history import decisions
from moderation.services.locking import locked
from moderation.services.rescans.rescreening import FORMATS
from moderation.services.search import local
from moderation.services.uploads import outcome
from moderation.services.uploads.outcome import Outcome

Kind = Decision.Kind
WITHIN = timedelta(hours=24)
UNDOABLE = (Kind.APPROVE, Kind.REJECT, Kind.BAN, Kind.RETIRE)


def last_decisions(*, actor_id: str, limit: int = 10) -> list[Decision]:
    """What this moderator can still take back, the newest first."""
    recent = list(
        Decision.objects.filter(
            actor_id=actor_id, kind__in=UNDOABLE, created_at__gte=timezone.now() - WITHIN
        ).order_by("-pk")[: limit * 2]
    )
    undone = set(
        Decision.objects.filter(undoes_id__in=[decision.pk for decision in recent]).values_list(
            "undoes_id", flat=True
        )
    )
    return [decision for decision in recent if decision.pk not in undone][:limit]


def undo(*, decision_id: int, actor_id: str) -> Decision:
    """Take a decision of one's own back; the decision that was undone.

    Raises :class:`DecisionRefused` where it is not one's own, too old, undone already, or where
    something has happened since that rests on it.
    """
    decision: Decision | None = Decision.objects.filter(pk=decision_id, actor_id=actor_id).first()
    if decision is None or not actor_id:
        raise DecisionRefused("Only one's own decisions can be undone.")
    if decision.kind not in UNDOABLE or decision.created_at < timezone.now() - WITHIN:
        raise DecisionRefused("This decision cannot be undone any more. Overturn it instead.")
    if Decision.objects.filter(undoes_id=decision.pk).exists():
        raise DecisionRefused("This decision is undone already.")
    UNDO[decision.kind](decision)
    return decision


def _newest_on_upload(decision: Decision) -> None:
    newer = Decision.objects.filter(upload_id=decision.upload_id or 0, pk__gt=decision.pk)
    if newer.exclude(kind__in=(Kind.BAN, Kind.ALREADY_BANNED)).exclude(undoes_id__isnull=False).exists():
        raise DecisionRefused("Somebody has decided about this upload since.")
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
    """Whether the upload was approved before this decision."""
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


def _undo_ban(decision: Decision) -> None:
    banned = BannedImage.objects.filter(pk=decision.banned_id or 0).first()
    if banned is None or not banned.active:
        raise DecisionRefused("The entry is retired already.")
    plan = overturn.default_plan(banned_id=banned.pk, undoes_id=decision.pk)
    overturn.overturn(banned_id=banned.pk, actor_id=decision.actor_id, plan=plan)


def _undo_retirement(decision: Decision) -> None:
    reinstate(banned_id=int(decision.banned_id or 0), actor_id=decision.actor_id, undoes_id=decision.pk)


def reinstate(*, banned_id: int, actor_id: str, undoes_id: int | None = None) -> BannedImage:
    """Ban again what was retired, as a new entry with the same codes, so that no index has to bring
    an entry back to life. Raises :class:`DecisionRefused` for one that is active, or was banned again already."""
    old = BannedImage.objects.filter(pk=banned_id).first()
    if old is None or old.active:
        raise DecisionRefused("This entry is not retired.")
    evidence = _copy_of(old.evidence)
    try:
        return _again(old, evidence, actor_id=actor_id, undoes_id=undoes_id)
    except DecisionRefused:
        if evidence:
            storage.quarantine().delete(evidence)
        raise


def _again(old: BannedImage, evidence: str, *, actor_id: str, undoes_id: int | None) -> BannedImage:
    with revision.exclusive_change() as change:
        copies = BannedImage.objects.filter(nearest=old, retired_revision__isnull=True).values("pk")
        if BlocklistChange.objects.filter(banned_id__in=copies, detail__again=old.pk).exists():
            raise DecisionRefused("This entry was banned again already.")
        banned = BannedImage.objects.select_related("blocklist").get(pk=old.pk)
        banned.pk = None
        banned._state.adding = True
        banned.evidence, banned.revision = evidence, change.revision
        banned.retired_revision = banned.retired_at = None
        banned.created_at, banned.created_by = timezone.now(), actor_id
        banned.expires_at = None
        banned.nearest_id = old.pk
        banned.save(force_insert=True)
        Fingerprint.objects.bulk_create(
            Fingerprint(
                banned=banned,
                algorithm=code.algorithm,
                bits=code.bits,
                variant=code.variant,
                revision=change.revision,
            )
            for code in old.fingerprints.all()
        )
        local.copy_signatures(old, banned, at_revision=change.revision)
        change.record(
            kind=BlocklistChange.Kind.BAN,
            blocklist=banned.blocklist.slug,
            banned_id=banned.pk,
            actor_id=actor_id,
            detail={"source": banned.source, "again": old.pk},
            entries=selectors.tightening().filter(pk=banned.pk).count(),
        )
        decisions.record(
            kind=Kind.BAN,
            actor_id=actor_id,
            banned_id=banned.pk,
            revision=change.revision,
            reason="again",
            undoes_id=undoes_id,
        )
        reach_back(change, banned=banned, reach=True)
    return banned


def _copy_of(name: str) -> str:
    if not name:
        return ""
    try:
        data = storage.read(storage.quarantine(), name)
    except FileNotFoundError:
        return ""
    format_name = FORMATS.get(name.rpartition(".")[2], "JPEG")
    return files.keep_private(Encoded(data, format_name, 0, 0), folder="evidence")


UNDO: dict[str, Callable[[Decision], Any]] = {
    Kind.APPROVE: _undo_approval,
    Kind.REJECT: _undo_rejection,
    Kind.BAN: _undo_ban,
    Kind.RETIRE: _undo_retirement,
}
