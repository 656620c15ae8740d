"""One way to write down what a human said."""

from __future__ import annotations

from moderation.models import Decision, Upload
from moderation.services.personal import record_personal


def record(
    *,
    kind: str,
    actor_id: str,
    revision: int,
    banned_id: int | None = None,
    upload_id: int | None = None,
    reason: str = "",
    note: str = "",
    undoes_id: int | None = None,
) -> Decision:
    """Insert a decision. A note about an upload is its owner's to have erased, so it is filed under
    the uploader."""
    owner = ("", "")
    if upload_id is not None and note:
        owner = Upload.objects.values_list("owner_type", "owner_id").get(pk=upload_id)
    personal = record_personal(owner_type=owner[0], owner_id=owner[1], text=note) if note else None
    return Decision.objects.create(
        kind=kind,
        actor_id=actor_id,
        upload_id=upload_id,
        banned_id=banned_id,
        revision=revision,
        reason=reason[:40],
        undoes_id=undoes_id,
        personal=personal,
        commitment=personal.commitment() if personal else None,
    )
