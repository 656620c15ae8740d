"""What belongs to a tenant of the HTTP API: it sees its own, and nothing of another. The site's own tenant is empty."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from moderation import models
from moderation.exceptions import UnknownBlocklist
from moderation.models import BannedImage, Blocklist, Decision, Upload


def blocklists(tenant: str) -> QuerySet[Blocklist]:
    """Return the lists that the tenant may read and change."""
    return Blocklist.objects.filter(tenant=tenant)


def blocklist(tenant: str, slug: str) -> Blocklist:
    """Return one of them. Raises :class:`UnknownBlocklist`, which names no other."""
    found = blocklists(tenant).filter(slug=slug).first()
    if found is None:
        raise UnknownBlocklist(f"You have no blocklist “{slug}”.")
    return found


def decisions(tenant: str) -> QuerySet[models.Decision]:
    """Return the decisions about the tenant's uploads and entries."""
    uploads = Upload.objects.filter(tenant=tenant).order_by()
    entries = BannedImage.objects.filter(blocklist__tenant=tenant).order_by()
    return Decision.objects.filter(
        Q(upload_id__in=uploads.values("pk")) | Q(banned_id__in=entries.values("pk"))
    )
