"""Blocklists in admin."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import forms
from django.utils.translation import gettext_lazy as _

from moderation.forms.radii import RadiiField
from moderation.models import Blocklist

if TYPE_CHECKING:
    ModelForm = forms.ModelForm[Blocklist]
else:
    ModelForm = forms.ModelForm


class BlocklistForm(ModelForm):
    """Radii are a table; a list's short name stays once the history names it."""

    radii = RadiiField(
        label=_("Radii"),
        required=False,
        help_text=_(
            "In bits. Within the block radius a copy is rejected, within the hold radius a moderator "
            "decides. A row left empty keeps its measured default; an empty block radius beside a hold "
            "radius means that nothing is rejected by machine."
        ),
    )

    class Meta:
        model = Blocklist
        exclude: tuple[str, ...] = ()
