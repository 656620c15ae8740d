"""Keys of the HTTP API: made, shown once, withdrawn."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from moderation.admin.desk import DeskAdmin, actor_of
from moderation.forms.keys import ApiKeyForm
from moderation.models import ApiKey
from moderation.services.access import keys


@admin.register(ApiKey)
class ApiKeyAdmin(DeskAdmin):
    """Show keys to whoever has the permissions, which no group has by default: a key acts for this site."""

    form = ApiKeyForm
    list_display = ("name", "prefix", "tenant", "scopes_", "last_used_at", "expires_at", "revoked_at")
    search_fields = ("name", "prefix")
    actions = ("withdraw",)

    def has_change_permission(self, request: HttpRequest, obj: ApiKey | None = None) -> bool:
        """Leave a key as it was made; the list's action withdraws it."""
        return obj is None and super().has_change_permission(request)

    def save_model(self, request: HttpRequest, obj: ApiKey, form: Any, change: bool) -> None:
        """Go through the service, which hands out the key."""
        made = keys.create(
            name=obj.name,
            scopes=obj.scopes,
            tenant=obj.tenant,
            per_minute=obj.per_minute,
            expires_at=obj.expires_at,
            actor_id=actor_of(request),
        )
        obj.pk, obj.prefix, obj.token = made.pk, made.prefix, made.token

    def response_add(
        self, request: HttpRequest, obj: ApiKey, post_url_continue: str | None = None
    ) -> HttpResponse:
        """Return the page that shows the key: a message would keep it in a cookie or in the session."""
        return self.page(
            request, "api_key.html", {"key": obj}, title=_("The key %(name)s") % {"name": obj.name}
        )

    @admin.action(description=gettext_lazy("Withdraw the chosen keys"), permissions=["change"])
    def withdraw(self, request: HttpRequest, chosen: QuerySet[ApiKey]) -> None:
        """Withdraw them at once and for good."""
        for key in chosen:
            keys.revoke(key_id=key.pk, actor_id=actor_of(request))
        text = ngettext("%(n)s key is withdrawn.", "%(n)s keys are withdrawn.", len(chosen))
        messages.success(request, text % {"n": len(chosen)})

    @admin.display(description=gettext_lazy("scopes"))
    def scopes_(self, key: ApiKey) -> str:
        return ", ".join(key.scopes)
