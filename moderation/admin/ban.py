"""Banning: put pictures in, see what it would reach, then do it."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from moderation import selectors
from moderation.admin import html
from moderation.admin.desk import DeskAdmin, actor_of, back_to, may
from moderation.conf import get_settings
from moderation.exceptions import ModerationError, SandboxFailure
from moderation.forms.bans import BanForm
from moderation.models import BanDraft, Blocklist, Upload
from moderation.selectors import review, user_names
from moderation.services.blocklists.drafting import needs_second
from moderation.services.blocklists.reach import Neighbour, Reach
from moderation.services.desk import drafts, lowering

Status = BanDraft.Status


class BanPages(DeskAdmin):
    """Mixed into the banned images' admin."""

    def ban_urls(self) -> list[URLPattern]:
        """Return addresses of the way to a ban."""
        may_ban = "add_bannedimage"
        return [
            path("reach/<uuid:batch>/", self.guarded(self.reach_page, may_ban), name="moderation_ban_reach"),
            path("waiting/", self.guarded(self.waiting_page, may_ban), name="moderation_ban_waiting"),
            path("draft/<int:pk>/", self.guarded(self.draft_action, may_ban), name="moderation_ban_draft"),
        ]

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Ask what to ban, and how. Nothing is banned yet."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        drafts.drop_stale()
        if request.method == "POST":
            form = BanForm(request.POST, request.FILES, may_allow=_may_allow(request))
            if form.is_valid():
                found = drafts.prepare(sources=form.sources(), common=form.common(actor_id=actor_of(request)))
                for problem in found.problems:
                    text = format_html("<b>{}</b>: {}", problem.name, _(problem.message))
                    messages.error(request, text)
                if found.drafts:
                    return HttpResponseRedirect(reverse("admin:moderation_ban_reach", args=[found.batch]))
        else:
            given = [pk for pk in request.GET.getlist("uploads")[:100] if pk.isdecimal()]
            default = selectors.blocklist_named("default") if "blocklist" not in request.GET else None
            form = BanForm(
                may_allow=_may_allow(request),
                initial={
                    "uploads": given,
                    "blocklist": request.GET.get("blocklist") or default,
                    "reject_too": bool(given),
                },
            )
        chosen = form["uploads"].value() or []
        ids = [int(pk) for pk in chosen if str(pk).isdecimal()]
        uploads = Upload.objects.filter(pk__in=ids)
        settings = get_settings()
        context = {
            "form": form,
            "uploads": [(upload, html.picture_of_upload(upload)) for upload in uploads],
            "formats": ", ".join(settings.formats),
            "megabytes": settings.max_bytes // (1024 * 1024),
            "add": True,
        }
        status = 400 if form.is_bound else 200
        return self.page(
            request, "ban.html", context, title=_("Ban pictures"), scripts=("ban.js",), status=status
        )

    def reach_page(self, request: HttpRequest, batch: uuid.UUID) -> HttpResponse:
        """Show what each ban of a batch would hit."""
        rows = list(
            BanDraft.objects.filter(batch=batch)
            .select_related("blocklist", "upload", "banned")
            .order_by("pk")
        )
        if not rows:
            raise Http404("No such batch.")
        if request.method == "POST":
            self.confirm_all(request, [row for row in rows if row.status == Status.DRAFT])
            return self.after_batch(request, batch)
        return self.reach_of_rows(request, rows, title=_("What these bans would reach"), batch=batch)

    def reach_of_rows(
        self, request: HttpRequest, rows: list[BanDraft], *, title: str, batch: uuid.UUID | None
    ) -> HttpResponse:
        """Show cards with pictures, numbers and neighbours; one query for all neighbours."""
        pending = (Status.DRAFT, Status.WAITING)
        try:
            reaches = drafts.reaches_of(row for row in rows if row.status in pending and not row.lowering)
        except SandboxFailure as failure:
            # Some of the pictures that it seems to reach are decoded; confirming needs a decoder as well.
            messages.error(request, _(str(failure)))
            reaches = {}
        near = {neighbour.upload_id for reach in reaches.values() for neighbour in reach.neighbours}
        near |= {upload for reach in reaches.values() for upload in _shown_parts(reach)}
        uploads = Upload.objects.in_bulk(near)
        names = user_names.moderators(row.created_by for row in rows)
        actor = actor_of(request)
        cards = [
            {
                "draft": row,
                "picture": html.picture_of_draft(row),
                "reach": reaches.get(row.pk),
                "opposites": drafts.opposites_of(row) if row.status in pending else [],
                "groups": _groups(reaches.get(row.pk), uploads, itself=row.upload_id),
                "second": row.status == Status.DRAFT and row.pk in reaches and needs_second(reaches[row.pk]),
                "by": names.get(row.created_by, ""),
                "mine": row.created_by == actor,
                **_second(request, row),
                "flat": row.flat and not row.exact_only,
            }
            for row in rows
        ]
        context = {
            "cards": cards,
            "batch": batch,
            "open": sum(row.status == Status.DRAFT for row in rows),
            "limit": get_settings().confirm_reach,
        }
        return self.page(request, "reach.html", context, title=title)

    def confirm_all(self, request: HttpRequest, rows: list[BanDraft]) -> None:
        """Make every ban that can be made; a sentence for each that cannot."""
        made = 0
        for row in rows:
            made += self.confirm_one(request, row)
        if made:
            text = ngettext("%(number)s picture is banned.", "%(number)s pictures are banned.", made)
            messages.success(request, text % {"number": made})

    def confirm_one(self, request: HttpRequest, row: BanDraft) -> bool:
        """Ban one picture; return whether an entry was made."""
        if row.lowering:
            return self.confirm_lowering(request, row)
        if row.blocklist.action == Blocklist.Action.ALLOW and not _may_allow(request):
            messages.error(
                request,
                format_html(
                    "<b>{}</b>: {}", row.name, _("You may not put pictures on a list that allows them.")
                ),
            )
            return False
        try:
            result = drafts.confirm(draft_id=row.pk, actor_id=actor_of(request))
        except ModerationError as error:
            messages.error(request, format_html("<b>{}</b>: {}", row.name, _(str(error))))
            return False
        if result.waiting is not None:
            text = _("“%(name)s” reaches many uploads: the ban waits for a second moderator now.")
            if row.blocklist.action == Blocklist.Action.ALLOW:
                text = _("“%(name)s” would let pictures pass: it waits for a second person now.")
            if row.reject_too:
                text += " " + _("The upload is rejected already.")
            messages.warning(request, text % {"name": row.name})
            return False
        if not result.created:
            entry = html.link("bannedimage_change", result.banned.pk, f"#{result.banned.pk}")
            text = _("{} is on this list already, as entry {}. Your decision is recorded.")
            messages.info(request, format_html(text, row.name, entry))
        return result.created

    def confirm_lowering(self, request: HttpRequest, row: BanDraft) -> bool:
        """Do what was asked for and lets pictures pass; return False, since no entry was made."""
        try:
            lowering.confirm(draft_id=row.pk, actor_id=actor_of(request))
        except ModerationError as error:
            messages.error(request, format_html("<b>{}</b>: {}", row.name, _(str(error))))
        else:
            messages.success(request, _("Confirmed and done: %(what)s.") % {"what": row.name})
        return False

    def after_batch(self, request: HttpRequest, batch: uuid.UUID) -> HttpResponse:
        """Redirect to the one new entry, or to what is left of the batch."""
        rows = list(BanDraft.objects.filter(batch=batch))
        done = [row.banned_id for row in rows if row.banned_id]
        if len(rows) == len(done) == 1:
            return HttpResponseRedirect(reverse("admin:moderation_bannedimage_change", args=[done[0]]))
        if all(row.status in (Status.DONE, Status.DROPPED) for row in rows):
            return HttpResponseRedirect(reverse("admin:moderation_bannedimage_changelist"))
        return HttpResponseRedirect(reverse("admin:moderation_ban_reach", args=[batch]))

    def draft_action(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Confirm a ban, make it exact-only, or drop it (POST)."""
        draft = BanDraft.objects.filter(pk=pk).first()
        if draft is None:
            raise Http404("No such draft.")
        action = request.POST.get("action", "")
        if request.method == "POST" and action == "confirm":
            if self.confirm_one(request, draft):
                messages.success(request, _("Banned."))
            if draft.lowering:
                return HttpResponseRedirect(reverse("admin:moderation_ban_waiting"))
            return self.after_batch(request, draft.batch)
        if request.method == "POST" and action == "exact":
            drafts.set_exact_only(draft_id=pk)
        elif request.method == "POST" and action == "drop":
            drafts.drop(draft_id=pk)
            messages.info(request, _("Dropped: nothing was done."))
        return back_to(request, reverse("admin:moderation_ban_reach", args=[draft.batch]))

    def waiting_page(self, request: HttpRequest) -> HttpResponse:
        """Show bans that a second moderator has to confirm."""
        rows = list(review.waiting_for_second()[:20])
        return self.reach_of_rows(request, rows, title=_("Bans that wait for a second moderator"), batch=None)


def _may_allow(request: HttpRequest) -> bool:
    """Return whether this moderator may make pictures pass, which is more than banning them."""
    return may(request, "lower_shield")


def _second(request: HttpRequest, draft: BanDraft) -> dict[str, Any]:
    """Return whether this moderator may confirm a draft, and from when on whoever asked may do so alone."""
    mine = draft.created_by == actor_of(request)
    if not draft.lowering and draft.blocklist.action != Blocklist.Action.ALLOW:
        return {"may_confirm": not mine, "alone_from": None}
    alone_from = lowering.alone_from(draft) if draft.status == Status.WAITING else None
    due = alone_from is not None and alone_from <= timezone.now()
    return {"may_confirm": _may_allow(request) and (due or not mine), "alone_from": alone_from}


def _groups(reach: Reach | None, uploads: dict[int, Upload], *, itself: int | None) -> list[dict[str, Any]]:
    """Return the nearest uploads by band."""
    if reach is None:
        return []
    titles = {
        "block": _("Would be rejected"),
        "hold": _("Would be held"),
        "outside": _("Just outside"),
    }
    groups = []
    for band, title in titles.items():
        found = [neighbour for neighbour in reach.neighbours if neighbour.band == band]
        cards = [_neighbour(one, uploads[one.upload_id], itself) for one in found if one.upload_id in uploads]
        if cards:
            groups.append({"band": band, "title": title, "cards": cards})
    parts = [Neighbour(pk, "local", 0, "parts") for pk in _shown_parts(reach)]
    cards = [_neighbour(one, uploads[one.upload_id], itself) for one in parts if one.upload_id in uploads]
    if cards:
        groups.append({"band": "parts", "title": _("Parts of it may agree"), "cards": cards})
    return groups


def _shown_parts(reach: Reach) -> tuple[int, ...]:
    return reach.parts.uploads[:6] if reach.parts else ()


def _neighbour(neighbour: Neighbour, upload: Upload, itself: int | None) -> dict[str, Any]:
    return {
        "upload": upload,
        "picture": html.picture_of_upload(upload),
        "distance": neighbour.distance,
        "method": neighbour.method,
        "itself": neighbour.upload_id == itself,
    }
