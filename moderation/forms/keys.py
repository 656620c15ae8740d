"""A key of the HTTP API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from moderation.models import ApiKey
from moderation.services.access.keys import TENANT

if TYPE_CHECKING:
    ModelForm = forms.ModelForm[ApiKey]
else:
    ModelForm = forms.ModelForm


class ApiKeyForm(ModelForm):
    """Scopes are boxes to tick; what nobody grants alone is not among them."""

    scopes = forms.MultipleChoiceField(
        label=_("Scopes"),
        widget=forms.CheckboxSelectMultiple,
        choices=[choice for choice in ApiKey.Scope.choices if choice[0] != ApiKey.Scope.LOWER],
    )

    class Meta:
        model = ApiKey
        fields = ("name", "scopes", "tenant", "per_minute", "expires_at")

    def clean_tenant(self) -> str:
        """Take small letters and digits only."""
        tenant: str = self.cleaned_data["tenant"]
        if not TENANT.fullmatch(tenant):
            raise ValidationError(_("Use small letters and digits only."))
        return tenant

    def clean_expires_at(self) -> Any:
        """Take a moment that is still to come."""
        moment = self.cleaned_data["expires_at"]
        if moment is not None and moment <= timezone.now():
            raise ValidationError(_("This moment has passed already."))
        return moment
