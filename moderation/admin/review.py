"""The review queue: held uploads, one at a time or as a grid."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.forms import Select
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect, JsonResponse
from django.template.loader import render_to_string
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _

from moderation.actions import UPLOAD_ACTIONS, uploads
from moderation.admin import html
from moderation.admin.desk import VEIL, actor_of, back_to, capped, desk_context, may
from moderation.admin.lessons import taught_by, with_undo
from moderation.admin.undoing import UndoPages, undo_rows
from moderation.admin.verdict_text import explain, reason_in_words
from moderation.domain.reasons import Reason
from moderation.exceptions import ModerationError
from moderation.forms.decisions import BulkDecideForm, PreferenceForm, QueueFilterForm
from moderation.models import Blocklist, DeskPreference, Upload
from moderation.selectors import review, user_names
from moderation.selectors.review import QueueFilter
from moderation.services.desk import claims

GRID = 24
"""Uploads on one page of the grid."""


def filter_of(request: HttpRequest) -> tuple[QueueFilter, str]:
    """Return what the address asks for, and the same as a query string."""
    form = QueueFilterForm(request.GET)
    form.is_valid()
    data = form.cleaned_data
    blocklist = data.get("blocklist")
    wanted = QueueFilter(
        blocklist=blocklist.slug if blocklist else None,
        reason=data.get("reason") or None,
        nearer=data.get("nearer"),
    )
    given = {"blocklist": wanted.blocklist, "reason": wanted.reason, "nearer": wanted.nearer}
    return wanted, urlencode({name: value for name, value in given.items() if value is not None})


class ReviewPages(UndoPages):
    """Mixed into the uploads' admin."""

    def review_urls(self) -> list[URLPattern]:
        """Return addresses of the queue."""

        def page(address: str, view: Any, name: str, *permissions: str) -> URLPattern:
            needed = permissions or ("decide_upload",)
            return path(address, self.guarded(view, *needed), name=f"moderation_{name}")

        return [
            page("review/", self.review_page, "review"),
            page("review/next/", self.next_page, "review_next"),
            page("review/<int:pk>/", self.item_page, "review_item"),
            page("review/<int:pk>/decide/", self.item_decide, "review_decide"),
            page("review/several/", self.several, "review_several"),
            page("review/undo/", self.undo_page, "review_undo", "view_upload"),
            page("preference/", self.preference_page, "preference", "view_upload"),
        ]

    def review_page(self, request: HttpRequest) -> HttpResponse:
        """Show the grid, and the way into the queue. Reading it claims nothing."""
        wanted, query = filter_of(request)
        after = request.GET.get("after", "")
        queue = review.held(wanted).select_related("blocklist")
        if after.isdecimal():
            queue = queue.filter(pk__gt=min(int(after), 2**62))
        found = list(queue[: GRID + 1])
        more, found = len(found) > GRID, found[:GRID]
        ids = [upload.pk for upload in found]
        matches, claimed = review.leading_matches(ids), review.claimed_by_others(actor_of(request), ids)
        names = user_names.moderators(claimed.values())
        cards = [
            {
                "upload": upload,
                "picture": html.picture_of_upload(upload),
                "match": matches.get(upload.pk),
                "reason": reason_in_words(upload.reason),
                "claimed": names.get(claimed.get(upload.pk, ""), ""),
            }
            for upload in found
        ]
        form = QueueFilterForm(request.GET or None)
        reasons = [(reason.value, reason_in_words(reason)) for reason in Reason if reason.holds]
        form.fields["reason"].widget = Select(choices=[("", "---------"), *reasons])
        context = {
            "cards": cards,
            "form": form,
            "query": query,
            "actions": [action for action in UPLOAD_ACTIONS.values() if "grid" in action.pages],
            "waiting": "" if wanted.nearer is not None else capped(review.capped(review.held(wanted))),
            "next_after": found[-1].pk if more else None,
            "undoable": undo_rows(actor_of(request)),
        }
        return self.page(request, "review_grid.html", context, title=_("Review"), scripts=("grid.js",))

    def next_page(self, request: HttpRequest) -> HttpResponse:
        """Claim the next upload (POST). To a script, return its HTML, to be shown when it is needed."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        _wanted, query = filter_of(request)
        named = request.POST.get("after", "")
        after = min(int(named), 2**62) if named.isdecimal() else 0
        if request.headers.get("X-Requested-With") != "fetch":
            return self.to_next(request, after=after, query=query)
        upload = self.take(request, after=after)
        return JsonResponse(self.fragment(request, upload, query) if upload else {"id": None})

    def take(self, request: HttpRequest, *, after: int) -> Upload | None:
        """Claim the next one behind ``after``, without those that the page has already."""
        wanted, _query = filter_of(request)
        without = request.POST.getlist("without")[:50]
        return claims.take_next(
            queue=review.held(wanted),
            moderator_id=actor_of(request),
            after=after,
            without=[int(pk) for pk in without if pk.isdecimal()],
        )

    def to_next(self, request: HttpRequest, *, after: int, query: str) -> HttpResponse:
        """Redirect to the next one, or back to the grid."""
        upload = self.take(request, after=after)
        if upload is None:
            messages.info(request, _("Nothing waits that nobody else is looking at."))
            return HttpResponseRedirect(_with(reverse("admin:moderation_review"), query))
        return HttpResponseRedirect(_with(reverse("admin:moderation_review_item", args=[upload.pk]), query))

    def fragment(self, request: HttpRequest, upload: Upload, query: str) -> dict[str, Any]:
        """Return an item as a script takes it."""
        context = desk_context(request) | self.item_context(request, upload, query)
        html = render_to_string("admin/moderation/parts/item.html", context, request)
        url = _with(reverse("admin:moderation_review_item", args=[upload.pk]), query)
        return {"id": upload.pk, "html": html, "url": url, "title": upload.reference}

    def item_context(self, request: HttpRequest, upload: Upload, query: str) -> dict[str, Any]:
        """Return everything beside the picture."""
        item = review.item_of(upload)
        names = user_names.owners([(upload.owner_type, upload.owner_id)])
        holder = claims.holder(upload_id=upload.pk)
        others = holder and holder != actor_of(request)
        return {
            "upload": upload,
            "item": item,
            "query": query,
            "actions": uploads.offered(page="queue", upload=upload, user=request.user),
            "picture": html.picture_of_upload(upload),
            "evidence": html.picture_of_entry(item.banned) if item.banned else "",
            "sentence": explain(item.screening, item.leading, item.banned) if item.screening else "",
            "reason": reason_in_words(upload.reason),
            "owner": names.get((upload.owner_type, upload.owner_id), ""),
            "holder": user_names.moderators([holder]).get(holder, "") if others else "",
            "blocklists": Blocklist.objects.exclude(action=Blocklist.Action.ALLOW),
            "can_ban": may(request, "add_bannedimage") and bool(upload.reencoded or upload.original),
        }

    def item_page(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show one held upload beside what it resembles."""
        _wanted, query = filter_of(request)
        upload = Upload.objects.select_related("blocklist").filter(pk=pk).first()
        if upload is None or upload.status != Upload.Status.HELD:
            messages.info(request, _("This upload is not held any more."))
            return HttpResponseRedirect(_with(reverse("admin:moderation_review"), query))
        context = self.item_context(request, upload, query)
        context["keys"] = [action for action in UPLOAD_ACTIONS.values() if "queue" in action.pages]
        return self.page(
            request,
            "review_item.html",
            context,
            title=_("Review %(reference)s") % {"reference": upload.reference},
            scripts=("review.js",),
        )

    def item_decide(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Decide, then show the next item; to a script, return what became of it (POST)."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        by_script = request.headers.get("X-Requested-With") == "fetch"
        _wanted, query = filter_of(request)
        ok, message = self.decided(request, pk)
        taught = taught_by(pk, actor_of(request)) if ok else None
        if taught:
            message = f"{message} {taught[1]}"
        if by_script:
            # What is still held is shown again, with what has changed; from what is not, the page goes on.
            held = Upload.objects.filter(pk=pk, status=Upload.Status.HELD).exists()
            if not ok and held:
                messages.error(request, message)
            answer = {"ok": ok, "message": message, "held": held, "undo": taught[0] if taught else None}
            return JsonResponse(answer, status=200 if ok else 409)
        if not ok:
            messages.error(request, message)
            return HttpResponseRedirect(_with(reverse("admin:moderation_review_item", args=[pk]), query))
        messages.success(request, with_undo(message) if taught else message)
        return self.to_next(request, after=pk, query=query)

    def decided(self, request: HttpRequest, pk: int) -> tuple[bool, str]:
        """Decide; return (done, message)."""
        action = uploads.named(request.POST.get("action", ""), page="queue")
        form = action.form(request.POST) if action else None
        if action is None or form is None or not form.is_valid():
            return False, _("This is not something that can be decided.")
        if not action.allowed(request.user):
            return False, action.forbidden
        actor = actor_of(request)
        try:
            done = action.run(upload_id=pk, actor_id=actor, data=form.cleaned_data)
        except Upload.DoesNotExist:
            return False, _("This upload is not there any more.")
        except ModerationError as error:
            return False, _(str(error))
        claims.release(upload_id=pk, moderator_id=actor)
        return True, done

    def several(self, request: HttpRequest) -> HttpResponse:
        """Decide the same for many uploads of the grid (POST)."""
        fallback = reverse("admin:moderation_review")
        action = uploads.named(request.POST.get("action", ""), page="grid")
        form = BulkDecideForm(request.POST)
        if request.method != "POST" or action is None or not form.is_valid():
            messages.error(request, _("Choose uploads that are still held, and what to do with them."))
            return back_to(request, fallback)
        if not action.allowed(request.user):
            raise PermissionDenied
        done: list[str] = []
        lessons: list[str] = []
        for upload in form.cleaned_data["uploads"]:
            single = action.form({"seen": form.cleaned_data["seen"], "status": Upload.Status.HELD})
            single.is_valid()
            try:
                action.run(upload_id=upload.pk, actor_id=actor_of(request), data=single.cleaned_data)
                done.append(upload.reference)
                taught = taught_by(upload.pk, actor_of(request))
                lessons += [taught[1]] if taught else []
            except ModerationError as error:
                messages.error(request, f"{upload.reference}: {_(str(error))}")
        if done:
            message = " ".join([f"{action.done} {', '.join(done)}", *lessons])
            messages.success(request, with_undo(message) if lessons else message)
        return back_to(request, fallback)

    def preference_page(self, request: HttpRequest) -> HttpResponse:
        """Store how pictures are shown to this moderator from now on (POST)."""
        form = PreferenceForm(request.POST)
        if request.method == "POST" and form.is_valid():
            DeskPreference.objects.update_or_create(
                pk=actor_of(request), defaults={"veil": form.cleaned_data["veil"]}
            )
            request.session[VEIL] = form.cleaned_data["veil"]
        if request.headers.get("X-Requested-With") == "fetch":
            return JsonResponse({"ok": request.method == "POST" and form.is_valid()})
        return back_to(request, reverse("admin:moderation_review"))


def _with(url: str, query: str) -> str:
    return f"{url}?{query}" if query else url
