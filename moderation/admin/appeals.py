"""Appeals: a queue of their own, never answered by who decided before."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from moderation.admin import html
from moderation.admin.audit_rows import rows_for
from moderation.admin.desk import RowPages, actor_of, may
from moderation.admin.verdict_text import explain
from moderation.exceptions import ModerationError
from moderation.forms.decisions import AppealForm
from moderation.models import Appeal, Upload
from moderation.selectors import audit, review
from moderation.selectors.audit_filters import AuditFilter
from moderation.services.desk import review as reviews


class StatusFilter(admin.SimpleListFilter):
    """Open ones unless others are asked for."""

    title = gettext_lazy("status")
    parameter_name = "answered"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("granted", _("granted")), ("denied", _("denied")), ("all", _("all"))]

    def choices(self, changelist: Any) -> Any:
        for number, choice in enumerate(super().choices(changelist)):
            yield choice | {"display": _("open")} if number == 0 else choice

    def queryset(self, request: HttpRequest, queryset: QuerySet[Appeal]) -> QuerySet[Appeal]:
        if self.value() == "all":
            return queryset
        return queryset.filter(status=self.value() or Appeal.Status.OPEN)


@admin.register(Appeal)
class AppealAdmin(RowPages):
    """Read-only but for the answer."""

    list_display = ("thumbnail", "upload", "text_", "status_", "created_at", "answered_at")
    list_display_links = ("thumbnail", "upload")
    list_filter = (StatusFilter,)
    search_fields = ("^upload__reference",)
    ordering = ("pk",)

    def get_urls(self) -> list[URLPattern]:
        """Put our pages before those of the model."""
        answer = self.guarded(self.answer_page, "change_appeal", "decide_upload")
        return [
            path("<int:pk>/answer/", answer, name="moderation_appeal_answer"),
            *super().get_urls(),
        ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Appeal]:
        """Add what every page shows."""
        appeals: QuerySet[Appeal] = super().get_queryset(request).select_related("upload")
        return appeals

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    @admin.display(description=gettext_lazy("picture"))
    def thumbnail(self, appeal: Appeal) -> SafeString:
        return html.picture_of_upload(appeal.upload)

    @admin.display(description=gettext_lazy("in their words"))
    def text_(self, appeal: Appeal) -> str:
        return Truncator(appeal.text).chars(120)

    @admin.display(description=gettext_lazy("status"), ordering="status")
    def status_(self, appeal: Appeal) -> SafeString:
        return html.badge(appeal.status, appeal.get_status_display())

    def row_page(self, request: HttpRequest, appeal: Appeal) -> HttpResponse:
        """Show the picture, what it was rejected for, what its owner says, and two buttons."""
        upload = appeal.upload
        history = audit.page(AuditFilter(upload=upload.pk), size=20)
        item = review.item_of(upload, with_decisions=False, history=history.rows)
        rows = rows_for(history.rows, of=upload)
        before = reviews.decided_before(upload_id=upload.pk, actor_id=actor_of(request))
        context = {
            "appeal": appeal,
            "upload": upload,
            "item": item,
            "picture": html.picture_of_upload(upload),
            "evidence": html.picture_of_entry(item.banned) if item.banned else "",
            "sentence": explain(item.screening, item.leading, item.banned) if item.screening else "",
            "owner": next((row.owner for row in rows if row.kind == "screening"), ""),
            "rows": rows,
            "form": AppealForm(),
            "decided_before": before,
            "may_answer": may(request, "change_appeal", "decide_upload")
            and not before
            and appeal.status == Appeal.Status.OPEN,
        }
        title = _("Appeal about %(reference)s") % {"reference": upload.reference}
        return self.page(request, "appeal.html", context, title=title)

    def answer_page(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Grant or deny (POST). Granting what a machine rejected leads to its consequences."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        here = reverse("admin:moderation_appeal_change", args=[pk])
        form = AppealForm(request.POST)
        if not form.is_valid():
            messages.error(request, _("Grant it or deny it."))
            return HttpResponseRedirect(here)
        granted = form.cleaned_data["answer"] == "grant"
        try:
            appeal = reviews.answer_appeal(
                appeal_id=pk,
                actor_id=actor_of(request),
                grant=granted,
                note=form.cleaned_data["note"],
                seen=form.cleaned_data["seen"],
            )
        except ModerationError as error:
            messages.error(request, _(str(error)))
            return HttpResponseRedirect(here)
        if not granted:
            messages.success(request, _("Denied."))
        elif Upload.objects.filter(pk=appeal.upload_id).exclude(published="").exists():
            messages.success(request, _("Granted: it is public again."))
        else:
            messages.success(request, _("Granted. It is not shown: its owner removed or replaced it."))
        if granted and may(request, "change_bannedimage"):
            leading = review.item_of(appeal.upload).leading
            if leading is not None:
                page = reverse("admin:moderation_overturn", args=[leading.banned_id])
                return HttpResponseRedirect(f"{page}?upload={appeal.upload_id}")
        return HttpResponseRedirect(reverse("admin:moderation_appeal_changelist"))
