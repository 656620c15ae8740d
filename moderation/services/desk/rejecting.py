"""Rejecting an upload and banning its picture, as one decision."""

from __future__ import annotations

from moderation import selectors
from moderation.domain.reasons import Reason
from moderation.models import Blocklist, Upload
from moderation.services.blocklists import banning, enrolment
from moderation.services.blocklists.banning import BanResult, EntryOptions
from moderation.services.blocklists.opposites import refuse_what_is_allowed
from moderation.services.desk import review


def reject_and_ban(
    *,
    upload_id: int,
    actor_id: str,
    blocklist: Blocklist | None = None,
    note: str = "",
    expected: str | None = None,
) -> BanResult:
    """Reject the upload, then ban its picture on the same list, as exact copy where it is flat.

    Decoded first: a picture that cannot be banned is not rejected either. A ban that has to wait for a second
    person leaves the upload rejected. Raises what :func:`~moderation.services.desk.review.reject` raises.
    """
    upload = Upload.objects.select_related("blocklist").get(pk=upload_id)
    picture = enrolment.picture_of_upload(upload)
    chosen = blocklist or upload.blocklist or selectors.blocklist_named("default")
    refuse_what_is_allowed(sha256=picture.analysis.sha256, pixels=picture.analysis.pixels, blocklist=chosen)
    review.reject(
        upload_id=upload_id,
        actor_id=actor_id,
        blocklist=chosen,
        reason=Reason.BANNED_TOO,
        note=note,
        expected=expected,
    )
    options = EntryOptions(reason="review", note=note, exact_only=picture.analysis.flat)
    return banning.ban(picture=picture, blocklist=chosen, actor_id=actor_id, options=options)
