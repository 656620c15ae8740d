"""For a host's own admin: “Ban this picture” on whatever has a moderated column.

::

    from moderation.admin.mixins import BanPicturesMixin

    @admin.register(Profile)
    class ProfileAdmin(BanPicturesMixin, admin.ModelAdmin):
        ban_field = "avatar"
"""

from __future__ import annotations

from typing import Any, ClassVar
from urllib.parse import urlencode

from django.contrib import messages
from django.db.models import Max, Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from moderation.admin.desk import ModelAdmin, may
from moderation.forms.bans import MOST_UPLOADS
from moderation.models import Upload

TITLE = gettext_lazy("Ban their pictures")

__all__ = ["BanPicturesMixin"]


class BanPicturesMixin(ModelAdmin):
    """Adds an action to a list of the host's own objects, for moderators alone."""

    ban_field: ClassVar[str] = ""
    """Name of the moderated column."""

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Add the action of this class, whatever the host's class lists."""
        actions: dict[str, Any] = super().get_actions(request)
        if may(request, "add_bannedimage"):
            actions["ban_pictures"] = (BanPicturesMixin.ban_pictures, "ban_pictures", TITLE)
        return actions

    def ban_pictures(self, request: HttpRequest, queryset: QuerySet[Model]) -> HttpResponse | None:
        """Redirect to the page that shows what the bans would reach, with the picture that each has now."""
        ids = [str(pk) for pk in queryset.values_list("pk", flat=True)[: MOST_UPLOADS + 1]]
        current = Upload.objects.open().filter(
            target_model=self.opts.label_lower,
            target_id__in=ids[:MOST_UPLOADS],
            target_field=self.ban_field,
        )
        newest = current.order_by().values("target_id").annotate(newest=Max("pk"))
        uploads = [row["newest"] for row in newest]
        if not uploads or len(ids) > MOST_UPLOADS:
            text = _("Choose between one and %(most)s that have a picture.") % {"most": MOST_UPLOADS}
            self.message_user(request, text, messages.ERROR)
            return None
        query = urlencode([("uploads", pk) for pk in uploads])
        return HttpResponseRedirect(reverse("admin:moderation_bannedimage_add") + "?" + query)
