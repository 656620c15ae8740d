"""Blocklists: saved through the service, since a change of radius or action reaches back."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from moderation.admin import html
from moderation.admin.desk import DeskAdmin, actor_of, say_done
from moderation.exceptions import ModerationError
from moderation.forms.blocklists import BlocklistForm
from moderation.models import Blocklist, is_active
from moderation.services.blocklists import blocklist as blocklists
from moderation.services.desk import lowering
from moderation.services.desk.lowering import Lowering


@admin.register(Blocklist)
class BlocklistAdmin(DeskAdmin):
    """Senior moderators change them; a list is never deleted."""

    form = BlocklistForm
    list_display = ("name", "slug", "action_", "entries_", "own_radii", "keep_evidence")
    list_filter = ("action",)
    search_fields = ("name", "slug")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Blocklist]:
        """Add the number of active entries."""
        active = Count("entries", filter=is_active("entries__"))
        lists: QuerySet[Blocklist] = super().get_queryset(request).annotate(active_entries=active)
        return lists

    def get_readonly_fields(self, request: HttpRequest, obj: Blocklist | None = None) -> tuple[str, ...]:
        """Keep the short name, by which the history names a list, and whose it is, since uploads were judged by it."""
        return ("slug", "tenant") if obj else ()

    def save_model(self, request: HttpRequest, obj: Blocklist, form: Any, change: bool) -> None:
        """Save under the exclusive lock, with a new revision where it matters."""
        if not change:
            blocklists.change_list(blocklist=obj, actor_id=actor_of(request))
            return
        values = {name: getattr(obj, name) for name in form.cleaned_data if name != "slug"}
        wanted = Lowering(what="list", subject=obj.pk, values=values)
        try:
            obj.waits = lowering.attempt(wanted, actor_id=actor_of(request)) is not None  # type: ignore[attr-defined]
        except ModerationError as error:
            obj.refused = _(str(error))  # type: ignore[attr-defined]

    def response_change(self, request: HttpRequest, obj: Blocklist) -> HttpResponse:
        """Say so where the change waits for a second person, or was refused."""
        refused, waits = getattr(obj, "refused", ""), getattr(obj, "waits", False)
        if not (refused or waits):
            return super().response_change(request, obj)
        if refused:
            messages.error(request, refused)
        else:
            say_done(request, "")
        return HttpResponseRedirect(reverse("admin:moderation_blocklist_change", args=[obj.pk]))

    @admin.display(description=gettext_lazy("action"), ordering="action")
    def action_(self, blocklist: Blocklist) -> SafeString:
        """Return the word before the colon."""
        return html.badge(blocklist.action, blocklist.get_action_display().partition(":")[0])

    @admin.display(description=gettext_lazy("active entries"), ordering="active_entries")
    def entries_(self, blocklist: Any) -> int:
        return int(blocklist.active_entries)

    @admin.display(description=gettext_lazy("own radii"))
    def own_radii(self, blocklist: Blocklist) -> str:
        """Return only what differs from the defaults."""
        parts = [
            f"{name} {'–' if block is None else block}/{hold}"
            for name, (block, hold) in (blocklist.radii or {}).items()
        ]
        return ", ".join(parts) or html.NONE
