"""Banned images: what is on the lists, what each entry has done, and how it is taken back."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.contrib import admin, messages
from django.db.models import Exists, OuterRef, QuerySet
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseNotAllowed,
    JsonResponse,
)
from django.urls import URLPattern, path, reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from moderation.actions import ENTRY_ACTIONS
from moderation.actions.entries import EntryAction
from moderation.admin import html
from moderation.admin.audit_rows import names_in, rows_for
from moderation.admin.ban import BanPages
from moderation.admin.desk import RowPages, actor_of, back_to, may, say_done
from moderation.admin.overturning import OverturnPages
from moderation.exceptions import ModerationError
from moderation.forms.bans import EntryForm
from moderation.models import BannedImage, LearnedBackground, Rescan, is_active
from moderation.selectors import audit, user_names
from moderation.selectors.audit_filters import AuditFilter
from moderation.services.blocklists import background
from moderation.services.desk import lowering
from moderation.services.desk.lowering import Lowering
from moderation.services.rescans import rescan as rescans


class ActiveFilter(admin.SimpleListFilter):
    """Active entries unless others are asked for."""

    title = gettext_lazy("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("retired", _("retired")), ("all", _("all"))]

    def choices(self, changelist: Any) -> Any:
        for number, choice in enumerate(super().choices(changelist)):
            yield choice | {"display": _("active")} if number == 0 else choice

    def queryset(self, request: HttpRequest, queryset: QuerySet[BannedImage]) -> QuerySet[BannedImage]:
        if self.value() == "all":
            return queryset
        return queryset.exclude(is_active()) if self.value() == "retired" else queryset.filter(is_active())


@admin.register(BannedImage)
class BannedImageAdmin(RowPages, BanPages, OverturnPages):
    """Entries come and go through the services; a page of its own for each."""

    list_display = ("thumbnail", "name_", "blocklist", "state", "radius_", "source", "created_at", "revision")
    list_display_links = ("thumbnail", "name_")
    list_filter = (ActiveFilter, "blocklist", "exact_only", "suspended", "created_at")
    search_fields = ("label", "reason", "external_id", "source")
    search_help_text = gettext_lazy("Number, label, reason, foreign id or source.")
    actions = ("retire_these",)

    def get_urls(self) -> list[URLPattern]:
        """Put the way to a ban before the pages of the model."""
        change = "change_bannedimage"
        own = [
            path(
                "<int:pk>/settings/", self.guarded(self.settings_of, change), name="moderation_ban_settings"
            ),
            path(
                "rescan/<int:pk>/",
                self.guarded(self.rescan_state, "view_bannedimage"),
                name="moderation_rescan_state",
            ),
            path(
                "rescan/<int:pk>/cancel/",
                self.guarded(self.rescan_cancel, "change_rescan"),
                name="moderation_rescan_cancel",
            ),
        ]
        own += [
            path(
                f"<int:pk>/{action.address}/",
                self.guarded(partial(self.act, action), *action.permissions),
                name=f"moderation_ban_{action.name}",
            )
            for action in ENTRY_ACTIONS.values()
        ]
        return [*own, *self.ban_urls(), *self.overturn_urls(), *super().get_urls()]

    def get_queryset(self, request: HttpRequest) -> QuerySet[BannedImage]:
        """Add what every page shows, and whether there is what few entries have."""
        entries: QuerySet[BannedImage] = super().get_queryset(request).select_related("blocklist")
        return entries.annotate(
            has_near_copies=Exists(BannedImage.objects.filter(nearest=OuterRef("pk"))),
            has_learned=Exists(
                LearnedBackground.objects.filter(signature__banned=OuterRef("pk"), revision__isnull=False)
            ),
        )

    def has_retire_permission(self, request: HttpRequest) -> bool:
        """Return whether the action is allowed."""
        return may(request, "lower_shield")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[BannedImage], search_term: str
    ) -> tuple[QuerySet[BannedImage], bool]:
        """Search ``#12`` and ``12`` as the entry's number, too."""
        number = search_term.strip().removeprefix("#")
        if number.isdecimal() and len(number) < 19:
            return queryset.filter(pk=int(number)), False
        return super().get_search_results(request, queryset, search_term)

    @admin.display(description=gettext_lazy("picture"))
    def thumbnail(self, banned: BannedImage) -> SafeString:
        return html.picture_of_entry(banned)

    @admin.display(description=gettext_lazy("entry"), ordering="pk")
    def name_(self, banned: BannedImage) -> str:
        return f"#{banned.pk} {banned.label}".strip()

    @admin.display(description=gettext_lazy("state"))
    def state(self, banned: BannedImage) -> SafeString:
        return state_of(banned)

    @admin.display(description=gettext_lazy("finds"))
    def radius_(self, banned: BannedImage) -> str:
        """Return whether exact copies are matched, or edited ones as well."""
        if banned.exact_only:
            return _("exact copies")
        return _("own radii") if banned.radii else _("edited copies")

    @admin.action(description=gettext_lazy("Retire these entries"), permissions=["retire"])
    def retire_these(self, request: HttpRequest, queryset: QuerySet[BannedImage]) -> None:
        """Retire the chosen entries. They stay in the history; what they rejected is offered on each entry's page."""
        active = list(queryset.filter(is_active()).values_list("pk", flat=True)[:500])
        wanted = [Lowering(what="retire", subject=pk, note="several") for pk in active]
        try:
            waiting = [lowering.attempt(one, actor_id=actor_of(request)) for one in wanted]
        except ModerationError as error:
            self.message_user(request, _(str(error)), messages.ERROR)
            return
        retired = waiting.count(None)
        self.message_user(
            request,
            _("%(number)s entries retired, %(waiting)s wait for a second person.")
            % {"number": retired, "waiting": len(active) - retired},
        )

    def row_page(self, request: HttpRequest, banned: BannedImage) -> HttpResponse:
        """Show one entry: evidence, settings, what it has done, its rescans and its history."""
        return self.entry_page(request, banned, EntryForm(initial=_settings(banned)))

    def entry_page(
        self, request: HttpRequest, banned: BannedImage, form: EntryForm, status: int = 200
    ) -> HttpResponse:
        """Show an entry; also again, with what is wrong with the settings."""
        rescans = list(Rescan.objects.filter(banned=banned)[:5])
        history = audit.page(AuditFilter(banned=banned.pk), size=20)
        author = user_names.moderator_label(), banned.created_by
        names = names_in(history.rows, author)
        fingerprints = list(
            banned.fingerprints.order_by("algorithm", "pk").values_list("algorithm", "bits", "variant")[:200]
        )
        context = {
            "banned": banned,
            "form": form,
            "picture": html.picture_of_entry(banned),
            "state": state_of(banned),
            "by": names.get(author, banned.created_by and f"#{banned.created_by}"),
            "rescans": rescans,
            "running": [rescan for rescan in rescans if rescan.status == Rescan.Status.OPEN],
            "rows": rows_for(history.rows, names=names),
            "codes": [(name, bytes(bits).hex(), variant) for name, bits, variant in fingerprints[:40]],
            "codes_more": max(len(fingerprints) - 40, 0),
            "near_copies": list(banned.near_copies.all()[:8]) if has(banned, "has_near_copies") else [],
            "learned": learned_by(banned) if has(banned, "has_learned") else None,
        }
        title = _("Banned image #%(number)s") % {"number": banned.pk}
        return self.page(request, "entry.html", context, title=title, scripts=("progress.js",), status=status)

    def act(self, action: EntryAction, request: HttpRequest, pk: int) -> HttpResponse:
        """Do what a button of an entry's page says (POST)."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        try:
            note = request.POST.get("note", "")[:1000]
            done = action.run(banned_id=pk, actor_id=actor_of(request), note=note)
        except ModerationError as error:
            messages.error(request, _(str(error)))
        else:
            say_done(request, str(action.done) if done else "")
        return back_to(request, reverse("admin:moderation_bannedimage_change", args=[pk]))

    def settings_of(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Change exact-only, radii, suspension and expiry of an active entry (POST)."""
        banned = BannedImage.objects.select_related("blocklist").filter(pk=pk).first()
        if banned is None:
            raise Http404("No such entry.")
        form = EntryForm(request.POST)
        if request.method == "POST" and not form.is_valid():
            return self.entry_page(request, banned, form, status=400)
        settings = form.settings() if form.is_bound and form.is_valid() else {}
        note = form.cleaned_data.get("note", "") if settings else ""
        if banned.flat and settings:
            settings["exact_only"] = True
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        try:
            if settings["expires_at"]:
                settings["expires_at"] = settings["expires_at"].isoformat()
            wanted = Lowering(what="entry", subject=pk, values=settings, note=note)
            waiting = lowering.attempt(wanted, actor_id=actor_of(request))
        except ModerationError as error:
            messages.error(request, _(str(error)))
        else:
            say_done(request, "" if waiting else _("Saved. Earlier uploads are looked at again."))
        return back_to(request, reverse("admin:moderation_bannedimage_change", args=[pk]))

    def rescan_state(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Return numbers for the progress on an entry's page."""
        rescan = Rescan.objects.filter(pk=pk).first()
        if rescan is None:
            raise Http404("No such rescan.")
        names = ("examined", "hits", "taken_down", "held", "released")
        state = {name: getattr(rescan, name) for name in names}
        return JsonResponse(
            state
            | {
                "status": rescan.status,
                "status_name": rescan.get_status_display(),
                "total": getattr(rescan, "total", None),
            }
        )

    def rescan_cancel(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Stop after the upload that is being looked at (POST)."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        rescans.cancel(rescan_id=pk, actor_id=actor_of(request))
        messages.info(request, _("Cancelled. What was found so far stays as it is."))
        return back_to(request, reverse("admin:moderation_bannedimage_changelist"))


def has(banned: BannedImage, what: str) -> bool:
    """Return what the query said with which the entry was read; True where it was read otherwise."""
    return bool(getattr(banned, what, True))


def learned_by(banned: BannedImage) -> dict[str, Any] | None:
    """Return how much of its evidence the entry has lost to other pictures, in words for its page."""
    rows = list(background.of_entry(banned.pk)[:50])
    if not rows:
        return None
    masks = {row.signature_id: bytes(row.signature.muted or b"") for row in rows}
    tiles = sum(int.from_bytes(mask).bit_count() for mask in masks.values())
    return {
        "uploads": [row.upload_id for row in rows],
        "tiles": tiles,
        "too_much": any(row.too_much for row in rows),
    }


def state_of(banned: BannedImage) -> SafeString:
    """Return the entry's state in words: active, suspended or retired."""
    if not banned.active:
        return html.badge("retired", _("retired"))
    if banned.suspended:
        return html.badge("held", _("suspended to hold"))
    return html.badge("active", _("active"))


SETTINGS = ("exact_only", "suspended", "local", "expires_at", "radii")


def _settings(banned: BannedImage) -> dict[str, Any]:
    return {name: getattr(banned, name) for name in SETTINGS}
