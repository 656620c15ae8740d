"""Rows are locked in one order everywhere: first the host's row that shows the picture, then the upload.

A host that saves its row and clears the picture in one transaction holds its own row already; the
other order would meet it in a deadlock.
"""

from __future__ import annotations

from django.apps import apps

from moderation.models import Upload


def lock_target(upload: Upload) -> None:
    """Lock the row whose column takes the published name. Two uploads for one column thereby settle one
    after the other. Call it in a transaction."""
    if upload.target_model and upload.target_id:
        rows = apps.get_model(upload.target_model)._base_manager.filter(pk=upload.target_id)
        rows.select_for_update().values_list("pk").first()


def locked(upload: Upload, **conditions: object) -> Upload | None:
    """Return the upload as it is now, locked after its target; None where the conditions do not hold."""
    lock_target(upload)
    return Upload.objects.select_for_update().filter(pk=upload.pk, **conditions).first()
