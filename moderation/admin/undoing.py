"""Taking back what one has just decided, beside the queue."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from moderation.actions import leaving
from moderation.admin.desk import DeskAdmin, actor_of, back_to
from moderation.exceptions import ModerationError
from moderation.models import Decision, Upload
from moderation.services.desk import undo


class UndoPages(DeskAdmin):
    """Mixed into the review queue's pages."""

    def undo_page(self, request: HttpRequest) -> HttpResponse:
        """Take one's last decision back, or the one that is named (POST)."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        ok, message, upload = self.undone(request)
        if request.headers.get("X-Requested-With") == "fetch":
            return JsonResponse({"ok": ok, "message": message, "upload": upload}, status=200 if ok else 409)
        (messages.success if ok else messages.error)(request, message)
        return back_to(request, reverse("admin:moderation_review"))

    def undone(self, request: HttpRequest) -> tuple[bool, str, int | None]:
        """Take a decision back; return (done, message, the upload that it was about)."""
        actor, named = actor_of(request), request.POST.get("decision", "")
        if not named.isdecimal():
            last = undo.last_decisions(actor_id=actor, limit=1)
            if not last:
                return False, _("There is nothing of yours to undo."), None
            named = str(last[0].pk)
        number = min(int(named), 2**62)
        mine = Decision.objects.filter(pk=number, actor_id=actor)
        # To take a decision back one must still be allowed to make it: what follows is as far-reaching.
        made = [leaving(part.kind) for decision in mine for part in undo.parts(decision)]
        if not all(action is None or action.allowed(request.user) for action in made):
            return False, _("You may not take such decisions any more, nor take them back."), None
        take_back = made[0].undo if made and made[0] else undo.undo
        try:
            decision = take_back(decision_id=number, actor_id=actor)
        except ModerationError as error:
            return False, _(str(error)), None
        return True, _("Undone: %(what)s.") % {"what": decision.get_kind_display()}, decision.upload_id


def undo_rows(actor: str) -> list[dict[str, Any]]:
    """Return what the moderator can still take back, for a list beside the queue."""
    decisions = undo.last_decisions(actor_id=actor, limit=5)
    ids = {decision.upload_id for decision in decisions if decision.upload_id is not None}
    references = dict(Upload.objects.filter(pk__in=ids).values_list("pk", "reference"))
    return [
        {
            "pk": decision.pk,
            "when": decision.created_at,
            "what": decision.get_kind_display(),
            "subject": references.get(decision.upload_id or 0, "")
            or (f"#{decision.banned_id}" if decision.banned_id else ""),
        }
        for decision in decisions
    ]
