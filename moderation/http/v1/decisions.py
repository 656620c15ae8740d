"""``GET /v1/decisions``: what people and keys decided about the tenant's uploads and bans."""

from __future__ import annotations

from django.http import HttpRequest
from ninja import Router

from moderation import models
from moderation.http.cursors import page
from moderation.http.keys import KeyAuth, key_of
from moderation.http.v1.documented import problems
from moderation.http.v1.schemas import Cursor, Decision, Decisions, Limit
from moderation.models import ApiKey
from moderation.selectors import tenants

router = Router(tags=["decisions"])


@router.get(
    "/decisions",
    auth=KeyAuth(ApiKey.Scope.CURATE),
    response=Decisions,
    operation_id="decisions",
    summary="List decisions",
    openapi_extra={"responses": problems()},
)
def decisions(request: HttpRequest, cursor: Cursor = "", limit: Limit = 50) -> Decisions:
    """Page through decisions, the newest first."""
    tenant = key_of(request).tenant
    found, following = page(tenants.decisions(tenant), cursor=cursor, limit=limit)
    # A decision may be about the upload of one and the entry of another: each sees only its own.
    uploads = models.Upload.objects.filter(pk__in=[row.upload_id for row in found], tenant=tenant)
    entries = models.BannedImage.objects.filter(
        pk__in=[row.banned_id for row in found], blocklist__tenant=tenant
    )
    references = dict(uploads.values_list("pk", "reference"))
    mine = set(entries.values_list("pk", flat=True))
    return Decisions(items=[_shown(row, references, mine) for row in found], next=following)


def _shown(row: models.Decision, references: dict[int, str], mine: set[int]) -> Decision:
    by = "key" if row.actor_id.startswith("key:") else "person" if row.actor_id else "machine"
    return Decision(
        id=row.pk,
        kind=row.kind,
        upload=references.get(row.upload_id or 0),
        ban=row.banned_id if row.banned_id in mine else None,
        reason=row.reason,
        by=by,
        revision=row.revision,
        created_at=row.created_at,
    )
