"""From a button to a decision, for the queue, the grid and an upload's own page."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.utils.translation import gettext as _

from moderation.forms.decisions import DecideForm
from moderation.services.desk import rejecting
from moderation.services.desk import review as reviews


def require(request: HttpRequest, form: DecideForm) -> None:
    """Check the permission to ban, wherever the button is. Raises :class:`PermissionDenied`."""
    if form.cleaned_data["action"] == "ban" and not request.user.has_perm("moderation.add_bannedimage"):
        raise PermissionDenied


def decide(upload_id: int, actor: str, form: DecideForm) -> str:
    """Approve, reject, ban or screen again; return what to say of it. Raises :class:`DecisionRefused`."""
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
            result = rejecting.reject_and_ban(
                upload_id=upload_id,
                actor_id=actor,
                blocklist=data["blocklist"],
                note=data["note"],
                expected=data["status"] or None,
            )
            if result.waiting is not None:
                return _("Rejected. The ban would hit many earlier uploads: it waits for a second moderator.")
    return str(DecideForm.DONE[data["action"]])
