"""What identifies people, kept beside the history so that it can be erased."""

from __future__ import annotations

import secrets

from django.db import models

from moderation.models import PersonalData


def record_personal(
    *,
    owner_type: str = "",
    owner_id: str = "",
    address: str = "",
    file_name: str = "",
    text: str = "",
) -> PersonalData | None:
    """Store what was given, under a fresh salt; None where there is nothing to store."""
    if not any((owner_type, owner_id, address, file_name, text)):
        return None
    return PersonalData.objects.create(
        owner_type=owner_type,
        owner_id=owner_id,
        address=address[:64],
        file_name=file_name[:255],
        text=text,
        salt=secrets.token_bytes(16),
    )


def owner_key(owner: models.Model) -> tuple[str, str]:
    """Return ``("auth.user", "12")``: how rows refer to a person, without a foreign key."""
    return owner._meta.label_lower, str(owner.pk)
