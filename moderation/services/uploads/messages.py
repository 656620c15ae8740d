"""What uploaders read: policy text and a reference number, never a distance, a hash or a match."""

from __future__ import annotations

from django.utils.translation import gettext as _

from moderation.domain.reasons import uploader_message
from moderation.models import Upload


def of_upload(upload: Upload) -> str:
    """Return the state of an upload in a sentence."""
    match upload.status:
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
    return _("Your picture is published.")
