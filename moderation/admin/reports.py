"""Reported pictures: a queue of their own. Taking the picture down answers its reports; so does leaving it."""

from __future__ import annotations

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from moderation.actions import uploads
from moderation.admin import html
from moderation.admin.appeals import StatusFilter
from moderation.admin.audit_rows import rows_for
from moderation.admin.desk import RowPages, actor_of, may
from moderation.exceptions import ModerationError
from moderation.forms.decisions import NoteForm
from moderation.models import Report
from moderation.selectors import audit, review
from moderation.selectors.audit_filters import AuditFilter
from moderation.services.desk import reports


class ReportStatusFilter(StatusFilter):
    """Open ones unless others are asked for."""

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, str]]:
        answered = [choice for choice in Report.Status.choices if choice[0] != Report.Status.OPEN]
        return [*((value, str(label)) for value, label in answered), ("all", _("all"))]


@admin.register(Report)
class ReportAdmin(RowPages):
    """Read-only but for the answer."""

    list_display = ("thumbnail", "reference_", "text_", "status_", "created_at", "answered_at")
    list_display_links = ("thumbnail", "reference_")
    list_filter = (ReportStatusFilter,)
    search_fields = ("^reference", "^upload__reference")
    ordering = ("pk",)

    def get_urls(self) -> list[URLPattern]:
        """Put our pages before those of the model."""
        leave = self.guarded(self.leave_page, "change_report", "decide_upload")
        return [path("<int:pk>/leave/", leave, name="moderation_report_leave"), *super().get_urls()]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Report]:
        """Add what every page shows."""
        rows: QuerySet[Report] = super().get_queryset(request).select_related("upload", "personal")
        return rows

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    @admin.display(description=gettext_lazy("picture"))
    def thumbnail(self, report: Report) -> SafeString:
        return html.picture_of_upload(report.upload)

    @admin.display(description=gettext_lazy("report"), ordering="reference")
    def reference_(self, report: Report) -> str:
        return report.reference

    @admin.display(description=gettext_lazy("in their words"))
    def text_(self, report: Report) -> str:
        return Truncator(report.text).chars(120)

    @admin.display(description=gettext_lazy("status"), ordering="status")
    def status_(self, report: Report) -> SafeString:
        return html.badge(report.status, report.get_status_display())

    def row_page(self, request: HttpRequest, report: Report) -> HttpResponse:
        """Show the picture, what is said of it, and what can be done."""
        upload = report.upload
        history = audit.page(AuditFilter(upload=upload.pk), size=20)
        rows = rows_for(history.rows, of=upload)
        others = upload.reports.filter(status=Report.Status.OPEN).exclude(pk=report.pk)
        context = {
            "report": report,
            "upload": upload,
            "item": review.item_of(upload, with_decisions=False, history=history.rows),
            "picture": html.picture_of_upload(upload),
            "owner": next((row.owner for row in rows if row.kind == "screening"), ""),
            "others": others.select_related("personal")[:20],
            "rows": rows,
            "actions": uploads.offered(page="upload", upload=upload, user=request.user),
            "may_leave": report.status == Report.Status.OPEN
            and may(request, "change_report", "decide_upload"),
        }
        title = _("Report %(reference)s") % {"reference": report.reference}
        return self.page(request, "report.html", context, title=title)

    def leave_page(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Leave the picture as it is, and answer its reports (POST)."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        form = NoteForm(request.POST)
        note = form.cleaned_data["note"] if form.is_valid() else ""
        try:
            number = reports.leave(report_id=pk, actor_id=actor_of(request), note=note)
        except ModerationError as error:
            messages.error(request, _(str(error)))
            return HttpResponseRedirect(reverse("admin:moderation_report_change", args=[pk]))
        text = ngettext("%(number)s report is answered.", "%(number)s reports are answered.", number)
        messages.success(request, text % {"number": number})
        return HttpResponseRedirect(reverse("admin:moderation_report_changelist"))
