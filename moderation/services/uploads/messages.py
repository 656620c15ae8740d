"""What uploaders read: policy text and a reference number, never a distance, a hash or a match."""

from __future__ import annotations

from django.utils.translation import gettext as _

from moderation.domain.reasons import uploader_message
from moderation.models import Upload


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
    return _("Your picture is published.")
