"""What an approval has taught, said where it was made, and the way back."""

from __future__ import annotations

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from moderation.models import Decision
from moderation.services.blocklists import background


def taught_by(upload_id: int, actor: str) -> tuple[int, str] | None:
    """Return the id of an approval and what it has taught entries, in words; None where the newest decision about the
    upload is another one, or taught nothing."""
    decision = Decision.objects.filter(upload_id=upload_id).order_by("-pk").first()
    if decision is None or decision.actor_id != actor or decision.kind != Decision.Kind.APPROVE:
        return None
    lessons = [
        ngettext(
            "Entry #%(entry)s learned %(tiles)s tile.", "Entry #%(entry)s learned %(tiles)s tiles.", tiles
        )
        % {"entry": entry, "tiles": tiles}
        if tiles
        else _("Entry #%(entry)s may only hold from now on.") % {"entry": entry}
        for entry, tiles in background.taught(decision.pk).items()
    ]
    return (decision.pk, " ".join(lessons)) if lessons else None


def with_undo(message: str) -> SafeString:
    """Return a message with a link to what can be taken back."""
    address = reverse("admin:moderation_review") + "#mod-undo"
    return format_html('{} <a href="{}">{}</a>', message, address, _("Undo"))
