"""The desk's front page: what waits, and how it has been going."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext as _

from moderation.admin.desk import DeskAdmin
from moderation.models import Upload
from moderation.selectors import review


class DashboardPages(DeskAdmin):
    """Mixed into the uploads' admin."""

    def dashboard_urls(self) -> list[URLPattern]:
        """One address."""
        return [path("desk/", self.guarded(self.desk_page, "view_upload"), name="moderation_desk")]

    def desk_page(self, request: HttpRequest) -> HttpResponse:
        """Cards with what waits."""
        oldest = Upload.objects.filter(status=Upload.Status.HELD).order_by("pk").first()
        context = {
            "held": review.capped(review.held()),
            "appeals": review.capped(review.open_appeals()),
            "waiting": review.capped(review.waiting_for_second()),
            "oldest": oldest,
        }
        return self.page(request, "desk.html", context, title=_("Moderators' desk"))
