"""A moderator has looked at a reported picture, and leaves it as it is. Taking it down answers its reports as well."""

from __future__ import annotations

from moderation.exceptions import DecisionRefused
from moderation.models import Decision, Report, Upload
from moderation.selectors import user_names
from moderation.services import revision
from moderation.services.history import decisions
from moderation.services.locking import locked
from moderation.services.uploads import outcome


def leave(*, report_id: int, actor_id: str, note: str = "") -> int:
    """Answer all open reports of the upload that this one is about; how many. Raises :class:`DecisionRefused` for one that
    is answered, and for the moderator's own upload."""
    report = Report.objects.select_related("upload").filter(pk=report_id).first()
    if report is None:
        raise DecisionRefused("There is no such report.")
    if user_names.owns(report.upload, actor_id=actor_id):
        raise DecisionRefused("This is your own upload: another moderator decides about it.")
    with revision.shared_lock() as state:
        row: Upload | None = locked(report.upload)
        number = outcome.answer_reports(row, Report.Status.KEPT) if row is not None else 0
        if not number:
            raise DecisionRefused("This report is answered.")
        decisions.record(
            kind=Decision.Kind.DISMISS,
            actor_id=actor_id,
            upload_id=report.upload_id,
            revision=state.number,
            note=note,
        )
        return number
