"""“This was wrong”: what follows, and then doing it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _

from moderation.admin import html
from moderation.admin.desk import DeskAdmin, actor_of, say_done
from moderation.exceptions import LoweringNeedsTwo, ModerationError
from moderation.forms.bans import OverturnForm
from moderation.models import BannedImage, Match, Upload
from moderation.selectors.consequences import LIMIT, Consequences, rejected_by
from moderation.services.desk import lowering, overturn
from moderation.services.desk.lowering import Lowering
from moderation.services.desk.overturn import Overturned, Plan


class OverturnPages(DeskAdmin):
    """Mixed into the banned images' admin."""

    def overturn_urls(self) -> list[URLPattern]:
        """Return one page for each entry; ``?upload=ID`` says where the doubt came from."""
        view = self.guarded(self.overturn_page, "change_bannedimage", "decide_upload")
        return [path("<int:pk>/overturn/", view, name="moderation_overturn")]

    def overturn_page(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show the consequences (GET), or have them (POST)."""
        banned = BannedImage.objects.select_related("blocklist").filter(pk=pk).first()
        if banned is None:
            raise Http404("No such entry.")
        upload = _upload_of(request)
        found = rejected_by(pk)
        initial: dict[str, Any] = {
            "remedy": "retire" if banned.active else "keep",
            "radii": banned.radii or {},
            "restore": [one.pk for one in found.uploads],
        }
        form = OverturnForm(request.POST if request.method == "POST" else None, initial=initial)
        if request.method == "POST" and form.is_valid():
            response = self.overturned(request, banned, form, upload)
            if response is not None:
                return response
        context = self.overturn_context(banned, upload, found, form)
        status = 400 if form.is_bound and form.errors else 200
        title = _("This was wrong: banned image #%(number)s") % {"number": pk}
        return self.page(request, "overturn.html", context, title=title, status=status)

    def overturn_context(
        self, banned: BannedImage, upload: Upload | None, found: Consequences, form: OverturnForm
    ) -> dict[str, Any]:
        """Return everything that would follow, with pictures."""
        chosen = {str(pk) for pk in form["restore"].value() or []}
        return {
            "banned": banned,
            "evidence": html.picture_of_entry(banned),
            "upload": upload,
            "picture": html.picture_of_upload(upload) if upload else "",
            "found": found,
            "limit": LIMIT,
            "cards": [
                {
                    "upload": one,
                    "picture": html.picture_of_upload(one),
                    "chosen": str(one.pk) in chosen,
                }
                for one in found.uploads
            ],
            "form": form,
            "distances": _distances(banned, upload),
        }

    def overturned(
        self, request: HttpRequest, banned: BannedImage, form: OverturnForm, upload: Upload | None
    ) -> HttpResponse | None:
        """Do it; None where the service refuses, with a sentence."""
        data = form.cleaned_data
        plan = Plan(
            remedy=data["remedy"],
            radii=data["radii"] or None,
            allow_upload=upload.pk if upload and data["allow"] else None,
            restore=[one.pk for one in data["restore"]],
            note=data["note"],
        )
        try:
            done, waiting = _overturned(banned.pk, plan, actor_of(request))
        except ModerationError as error:
            messages.error(request, _(str(error)))
            return None
        if done is not None:
            messages.success(request, _say(done))
        if waiting:
            say_done(request, "")
        return HttpResponseRedirect(reverse("admin:moderation_bannedimage_change", args=[banned.pk]))


def _overturned(banned_id: int, plan: Plan, actor: str) -> tuple[Overturned | None, bool]:
    """Do what one person may: where the rest waits for a second one, uploads are restored all the same."""
    try:
        return overturn.overturn(banned_id=banned_id, actor_id=actor, plan=plan), False
    except LoweringNeedsTwo:
        rest = {"remedy": plan.remedy, "radii": plan.radii, "allow_upload": plan.allow_upload}
    lowering.attempt(
        Lowering(what="overturn", subject=banned_id, values=rest, note=plan.note), actor_id=actor
    )
    if not plan.restore:
        return None, True
    only = replace(plan, remedy="keep", radii=None, allow_upload=None)
    return overturn.overturn(banned_id=banned_id, actor_id=actor, plan=only), True


def _upload_of(request: HttpRequest) -> Upload | None:
    named = request.GET.get("upload", "")
    if not named.isdecimal() or len(named) > 18:
        return None
    return Upload.objects.filter(pk=int(named)).first()


def _distances(banned: BannedImage, upload: Upload | None) -> list[Match]:
    """Return how near the doubtful upload is: what a narrower radius has to stay below."""
    if upload is None:
        return []
    return list(
        Match.objects.filter(banned_id=banned.pk, screening__upload_id=upload.pk).order_by("distance")[:6]
    )


def _say(done: Overturned) -> str:
    parts = [_("Done and recorded.")]
    if done.restored:
        parts.append(
            _("%(number)s uploads are restored, and their owners told.") % {"number": len(done.restored)}
        )
    if done.left:
        parts.append(
            _("%(number)s stay rejected: something else matches them, or a moderator has decided meanwhile.")
            % {"number": len(done.left)}
        )
    return " ".join(parts)
