"""From a button to a decision, for the queue, the grid and an upload's own page."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from moderation.domain.reasons import Reason
from moderation.exceptions import DecisionRefused
from moderation.forms.decisions import DecideForm
from moderation.models import Blocklist, Upload
from moderation.selectors import blocklist_named
from moderation.services.blocklists import banning, enrolment
from moderation.services.blocklists.banning import EntryOptions
from moderation.services.blocklists.reach import reach_of, sample_of
from moderation.services.desk import drafts
from moderation.services.desk import review as reviews


def require(request: HttpRequest, form: DecideForm) -> None:
    """Check the permission to ban, wherever the button is. Raises :class:`PermissionDenied`."""
    if form.cleaned_data["action"] == "ban" and not request.user.has_perm("moderation.add_bannedimage"):
        raise PermissionDenied


def decide(upload_id: int, actor: str, form: DecideForm) -> None:
    """Approve, reject or screen again. Raises :class:`DecisionRefused`."""
    data = form.cleaned_data
    match data["action"]:
        case "approve":
            reviews.approve(
                upload_id=upload_id,
                actor_id=actor,
                note=data["note"],
                seen=data["seen"],
                expected=data["status"] or None,
            )
        case "reject":
            reviews.reject(
                upload_id=upload_id,
                actor_id=actor,
                blocklist=data["blocklist"],
                note=data["note"],
                expected=data["status"] or None,
            )
        case "again":
            reviews.screen_again(upload_id=upload_id, actor_id=actor)
        case "ban":
            reject_and_ban(
                upload_id,
                actor,
                blocklist=data["blocklist"],
                note=data["note"],
                expected=data["status"] or None,
            )


def reject_and_ban(
    upload_id: int, actor: str, *, blocklist: Blocklist | None, note: str, expected: str | None = None
) -> None:
    """Reject the upload, then ban its picture on the same list, as exact copy where it is flat.

    Decoded first: a picture that cannot be banned is not rejected either. Raises
    :class:`DecisionRefused` where the ban would hit so many that a second moderator has to confirm it.
    """
    upload = Upload.objects.select_related("blocklist").get(pk=upload_id)
    picture = enrolment.picture_of_upload(upload)
    chosen = blocklist or upload.blocklist or blocklist_named("default")
    flat = picture.analysis.flat
    sample = None if flat else sample_of(picture.analysis, blocklist=chosen)
    reach = reach_of(picture.analysis, blocklist=chosen, exact_only=flat, sample=sample)
    if drafts.needs_second(reach):
        raise DecisionRefused(
            "This ban would hit many earlier uploads. Reject the upload, and ban its picture from its page, where "
            "a second moderator confirms it."
        )
    reviews.reject(
        upload_id=upload_id,
        actor_id=actor,
        blocklist=chosen,
        reason=Reason.BANNED_TOO,
        note=note,
        expected=expected,
    )
    local = "hold" if reach.parts and reach.parts.background else ""
    options = EntryOptions(reason="review", note=note, exact_only=flat, local=local)
    banning.ban(picture=picture, blocklist=chosen, actor_id=actor, options=options)
