"""What all pages of the desk share: who may see them, the row of links above them, and their look."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Model, QuerySet
from django.forms import Media
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

from moderation.selectors import review, user_names
from moderation.services.desk import lowering
from moderation.services.desk import review as reviews

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Any]
    BasePaginator = Paginator[Any]
else:
    ModelAdmin = admin.ModelAdmin
    BasePaginator = Paginator

View = Callable[..., HttpResponseBase]
APP = "moderation."
VEIL = "moderation_veil"


def actor_of(request: HttpRequest) -> str:
    """Return the moderator as the history knows them."""
    return str(request.user.pk)


def may(request: HttpRequest, *codenames: str) -> bool:
    """Return whether the moderator has all of these permissions of the app."""
    return request.user.has_perms([APP + codename for codename in codenames])


def back_to(request: HttpRequest, fallback: str) -> HttpResponseRedirect:
    """Redirect to the page that the form named, if it is one of this site."""
    wanted = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return HttpResponseRedirect(wanted if safe else fallback)


def say_done(request: HttpRequest, done: str) -> None:
    """Say that something is done; where ``done`` is empty, that it waits for a second person."""
    if done:
        messages.success(request, done)
    else:
        messages.warning(
            request, _("This lets other pictures pass: it waits for a second person, under “To confirm”.")
        )


def capped(number: int) -> str:
    """Return ``1,000+`` beyond the cap."""
    return f"{review.CAP:,}+" if number > review.CAP else f"{number:,}"


def waiting_for(request: HttpRequest) -> tuple[dict[str, int], int]:
    """Return what waits for this moderator, counted no further than the cap, and how much waits to be confirmed by
    whomever."""
    held, appeals, bans, reports = review.waiting()
    return {
        "held": held if may(request, "decide_upload") else 0,
        "appeals": appeals if may(request, "view_appeal") else 0,
        "reports": reports if may(request, "view_report") else 0,
        "bans": bans if may(request, "add_bannedimage") else 0,
    }, bans


def navigation(request: HttpRequest, counts: dict[str, int]) -> list[dict[str, Any]]:
    """Return the links that this moderator may follow, with what waits behind them."""
    links = []

    def link(name: str, title: str, permissions: tuple[str, ...], waiting: int | None = None) -> None:
        if may(request, *permissions):
            url = reverse(f"admin:moderation_{name}")
            links.append(
                {
                    "url": url,
                    "title": title,
                    "count": capped(waiting) if waiting else "",
                    "here": request.path == url,
                }
            )

    link("desk", _("Desk"), ("view_upload",))
    link("review", _("Review"), ("decide_upload",), counts["held"])
    link("appeal_changelist", _("Appeals"), ("view_appeal",), counts["appeals"])
    link("report_changelist", _("Reports"), ("view_report",), counts["reports"])
    link("bannedimage_add", _("Ban"), ("add_bannedimage",))
    if counts["bans"]:
        link("ban_waiting", _("To confirm"), ("add_bannedimage",), counts["bans"])
    link("upload_changelist", _("Uploads"), ("view_upload",))
    link("bannedimage_changelist", _("Banned images"), ("view_bannedimage",))
    link("blocklist_changelist", _("Blocklists"), ("view_blocklist",))
    link("screening_changelist", _("Audit log"), ("view_screening",))
    return links


def veil_of(request: HttpRequest) -> str:
    """Return how pictures are shown to this moderator; the session spares the question on every page."""
    if VEIL not in request.session:
        request.session[VEIL] = review.veil_of(actor_of(request))
    return str(request.session[VEIL])


def notices_of_lowering(waiting: int) -> list[dict[str, Any]]:
    """Return what waits to lower the shield, for every desk. Asked for only where something waits at all."""
    rows = list(review.waiting_lowerings()[:5]) if waiting else []
    names = user_names.moderators(row.created_by for row in rows)
    return [
        {"draft": row, "by": names.get(row.created_by, ""), "alone_from": lowering.alone_from(row)}
        for row in rows
    ]


def desk_context(request: HttpRequest) -> dict[str, Any]:
    """Return what every page of the desk needs."""
    counts, waiting = waiting_for(request)
    return {
        "desk_links": navigation(request, counts),
        "lowerings": notices_of_lowering(waiting),
        "waiting_counts": {name: capped(number) for name, number in counts.items()},
        "veil": veil_of(request),
        "newest_screening": reviews.newest_screening,
        "desk_may": {
            name: may(request, name)
            for name in (
                "decide_upload",
                "add_bannedimage",
                "change_bannedimage",
                "lower_shield",
                "change_appeal",
                "view_screening",
                "view_private_media",
                "export_audit",
                "change_rescan",
            )
        },
    }


class CappedPaginator(BasePaginator):
    """Pages without counting a whole table: the count stops at 10,000."""

    MOST = 10_000

    @cached_property
    def count(self) -> int:
        """Rows, at most :attr:`MOST`."""
        rows = self.object_list
        if isinstance(rows, QuerySet):
            return int(rows.order_by()[: self.MOST].count())
        return len(rows)


class DeskAdmin(ModelAdmin):
    """A model on the desk: nothing is deleted, and changes go through services."""

    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    paginator = CappedPaginator
    list_per_page = 50
    save_on_top = False

    @property
    def media(self) -> Media:
        # Without the admin's jQuery, which writes inline styles: a strict policy would refuse them.
        return Media(
            css={"all": ["moderation/desk.css"]},
            js=["admin/js/actions.js", "moderation/desk.js", "moderation/signed_out.js"],
        )

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        context = desk_context(request) | (extra_context or {})
        return super().changelist_view(request, context)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        context = desk_context(request) | (extra_context or {})
        return super().changeform_view(request, object_id, form_url, context)

    def seen(self, request: HttpRequest, object_id: str) -> Any:
        """Return the row that a page is about. Raises :class:`PermissionDenied` and :class:`Http404`."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        found = self.get_object(request, object_id)
        if found is None:
            raise Http404(_("There is no such row."))
        return found

    def guarded(self, view: View, *codenames: str) -> View:
        """Restrict ``view`` to staff with these permissions; others are sent to the login, or get a 403."""

        def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not may(request, *codenames):
                raise PermissionDenied
            return view(request, *args, **kwargs)

        return self.admin_site.admin_view(checked)

    def page(
        self,
        request: HttpRequest,
        template: str,
        context: dict[str, Any],
        *,
        title: str,
        scripts: tuple[str, ...] = (),
        status: int = 200,
    ) -> TemplateResponse:
        """Show a page of the desk in the look of the admin."""
        media = self.media + Media(js=[f"moderation/{name}" for name in scripts])
        shared = {
            **self.admin_site.each_context(request),
            **desk_context(request),
            "opts": self.opts,
            "media": media,
            "title": title,
        }
        return TemplateResponse(request, f"admin/moderation/{template}", shared | context, status=status)


class RowPages(DeskAdmin):
    """Each row has a page of the desk instead of a form: what can be done about it is on that page."""

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        return self.row_page(request, self.seen(request, object_id))

    def row_page(self, request: HttpRequest, row: Any, /) -> HttpResponse:
        """Show the page of one row that may be seen."""
        raise NotImplementedError
