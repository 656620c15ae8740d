"""What uploaders read: policy text and a reference number, never a distance, a hash or a match."""

from __future__ import annotations

from django.utils.translation import gettext as _

from moderation.domain.reasons import uploader_message
from moderation.models import Screening, Upload

STILL = frozenset({"frame_cap", "animation_pixels", "animation_off"})
"""Notes of an animation of which the first frame is published."""
GROUND = frozenset({"ground_grey", "ground_black"})


def of_upload(upload: Upload) -> str:
    """Return the state of an upload in a sentence."""
    gone = upload.withdrawn_at is not None
    match upload.status:
        case Upload.Status.PENDING | Upload.Status.HELD if gone:
            return _("This picture is not looked at any more: you removed it, or sent a newer one.")
        case Upload.Status.PENDING:
            return _("Your picture is being checked. This takes a moment.")
        case Upload.Status.HELD:
            return _("Your picture is being looked at by a moderator. You need not do anything.")
        case Upload.Status.REFUSED:
            return _(uploader_message(upload.reason))
        case Upload.Status.REJECTED:
            if upload.blocklist is not None:
                return upload.blocklist.policy_text
            return _("This picture is not allowed here.")
    if not upload.published:
        return _(
            "This picture is allowed. It is not shown, since you removed it or a newer one took its place."
        )
    return " ".join([_("Your picture is published."), *_remarks(upload)])


def _remarks(upload: Upload) -> list[str]:
    """Return how what is published differs from what was sent, where a screening has noted it."""
    noted = Screening.objects.filter(upload_id=upload.pk).exclude(notes="").order_by("-pk")
    notes = (noted.values_list("notes", flat=True).first() or "").split(",")
    remarks = []
    if STILL & set(notes):
        remarks.append(
            _("It is an animation with more frames than we show, so it is a still of the first one.")
        )
    if GROUND & set(notes):
        remarks.append(_("It is transparent and would not show on white, so it was laid on another ground."))
    return remarks
