"""Uploads: every picture that was submitted, whatever became of it."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from moderation.actions import uploads
from moderation.admin import html
from moderation.admin.audit_rows import rows_for
from moderation.admin.dashboard import DashboardPages
from moderation.admin.desk import RowPages, actor_of, back_to, may
from moderation.admin.lessons import taught_by, with_undo
from moderation.admin.review import ReviewPages
from moderation.admin.transparency import TransparencyPages
from moderation.admin.verdict_text import explain, reason_in_words
from moderation.exceptions import ModerationError
from moderation.forms.bans import MOST_UPLOADS
from moderation.models import Upload
from moderation.selectors import audit, review, user_names
from moderation.selectors.audit_filters import AuditFilter

HISTORY = 30
"""Rows of an upload's history that its page shows."""


class DecidedByFilter(admin.SimpleListFilter):
    """Whose word the status is."""

    title = gettext_lazy("decision")
    parameter_name = "by"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("person", _("by a person")), ("machine", _("by the machine"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Upload]) -> QuerySet[Upload]:
        return queryset.filter(by_person=self.value() == "person") if self.value() else queryset


@admin.register(Upload)
class UploadAdmin(RowPages, ReviewPages, DashboardPages, TransparencyPages):
    """Read-only: what is decided about an upload is decided by the services."""

    list_display = ("thumbnail", "reference_", "status_", "reason_", "uploader", "blocklist", "submitted_at")
    list_display_links = ("thumbnail", "reference_")
    list_filter = ("status", "blocklist", DecidedByFilter, "submitted_at")
    search_fields = ("^reference",)
    search_help_text = gettext_lazy("Reference number, or the uploader as “user:NAME”.")
    actions = ("ban_these",)

    def get_urls(self) -> list[URLPattern]:
        """Put the pages of the queue before those of the model."""
        own = [
            path(
                "<int:pk>/decide/",
                self.guarded(self.decide_page, "decide_upload"),
                name="moderation_upload_decide",
            ),
        ]
        return [
            *own,
            *self.review_urls(),
            *self.dashboard_urls(),
            *self.transparency_urls(),
            *super().get_urls(),
        ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Upload]:
        """Add what every page shows."""
        rows: QuerySet[Upload] = super().get_queryset(request).select_related("blocklist", "appeal")
        return rows

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_ban_permission(self, request: HttpRequest) -> bool:
        """Return whether the action is allowed."""
        return may(request, "add_bannedimage")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Upload], search_term: str
    ) -> tuple[QuerySet[Upload], bool]:
        """Search a reference, or all uploads of a user."""
        term = search_term.strip()
        if term.startswith("user:"):
            found = queryset.none()
            for label, pk in user_names.owner_keys(term.removeprefix("user:").strip()):
                found = found | queryset.filter(owner_type=label, owner_id=pk)
            return found, False
        return super().get_search_results(request, queryset, term.upper())

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Fetch the names of the uploaders of a page with one query."""
        response = super().changelist_view(request, extra_context)
        listed = getattr(response, "context_data", None)
        if listed and "cl" in listed:
            rows = list(listed["cl"].result_list)
            names = user_names.owners((row.owner_type, row.owner_id) for row in rows)
            for row in rows:
                row.owner_name = names.get((row.owner_type, row.owner_id), "")
            listed["cl"].result_list = rows
        return response

    @admin.display(description=gettext_lazy("picture"))
    def thumbnail(self, upload: Upload) -> SafeString:
        """Return a small picture under the veil."""
        return html.picture_of_upload(upload)

    @admin.display(description=gettext_lazy("reference"), ordering="reference")
    def reference_(self, upload: Upload) -> str:
        return upload.reference

    @admin.display(description=gettext_lazy("status"), ordering="status")
    def status_(self, upload: Upload) -> SafeString:
        """Return the status coloured, with a mark where a human decided."""
        word = html.badge(upload.status, upload.get_status_display())
        if upload.by_person:
            return format_html('{} <span class="mod-quiet">{}</span>', word, _("by a person"))
        return word

    @admin.display(description=gettext_lazy("reason"), ordering="reason")
    def reason_(self, upload: Upload) -> str:
        return reason_in_words(upload.reason)

    @admin.display(description=gettext_lazy("uploader"))
    def uploader(self, upload: Upload) -> str:
        """Set by :meth:`changelist_view`."""
        return getattr(upload, "owner_name", "") or html.NONE

    @admin.action(description=gettext_lazy("Ban these images"), permissions=["ban"])
    def ban_these(self, request: HttpRequest, queryset: QuerySet[Upload]) -> HttpResponse | None:
        """Redirect to the page that shows what the bans would reach."""
        ids = list(queryset.values_list("pk", flat=True)[: MOST_UPLOADS + 1])
        if len(ids) > MOST_UPLOADS:
            self.message_user(
                request, _("Choose at most %(most)s uploads.") % {"most": MOST_UPLOADS}, messages.ERROR
            )
            return None
        query = urlencode([("uploads", pk) for pk in ids])
        return HttpResponseRedirect(reverse("admin:moderation_bannedimage_add") + "?" + query)

    def row_page(self, request: HttpRequest, upload: Upload) -> HttpResponse:
        """Show one upload: picture, state, what can be done, and its history."""
        history = audit.page(AuditFilter(upload=upload.pk), size=HISTORY)
        item = review.item_of(upload, with_decisions=False, history=history.rows)
        rows = rows_for(history.rows, of=upload)
        context = {
            "upload": upload,
            "item": item,
            "picture": html.picture_of_upload(upload),
            "evidence": html.picture_of_entry(item.banned) if item.banned else "",
            "sentence": explain(item.screening, item.leading, item.banned) if item.screening else "",
            "reason": reason_in_words(upload.reason),
            "owner": next((row.owner for row in rows if row.kind == "screening"), ""),
            "rows": rows,
            "appeal": getattr(upload, "appeal", None),
            "actions": uploads.offered(page="upload", upload=upload, user=request.user),
            "can": {
                "ban": bool(upload.reencoded or upload.original),
                "overturn": upload.status == "rejected" and item.banned is not None,
            },
        }
        return self.page(
            request,
            "upload.html",
            context,
            title=_("Upload %(reference)s") % {"reference": upload.reference},
        )

    def decide_page(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Decide from an upload's own page (POST)."""
        here = reverse("admin:moderation_upload_change", args=[pk])
        action = uploads.named(request.POST.get("action", ""), page="upload")
        form = action.form(request.POST) if action else None
        if request.method == "POST" and action and form and form.is_valid():
            if not action.allowed(request.user):
                raise PermissionDenied
            try:
                done = action.run(upload_id=pk, actor_id=actor_of(request), data=form.cleaned_data)
            except ModerationError as error:
                messages.error(request, _(str(error)))
            else:
                taught = taught_by(pk, actor_of(request))
                messages.success(request, with_undo(f"{done} {taught[1]}") if taught else done)
        return back_to(request, here)
