"""A moderator's word on one upload or appeal."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from moderation.models import Blocklist, DeskPreference, Upload


class DecideForm(forms.Form):
    """What is known beside a button, and perhaps a note."""

    note = forms.CharField(required=False, max_length=1000)
    blocklist = forms.ModelChoiceField(
        queryset=Blocklist.objects.exclude(action=Blocklist.Action.ALLOW), required=False
    )
    seen = forms.IntegerField(required=False, min_value=0)
    """The newest screening that there was when the page was made."""
    status = forms.ChoiceField(choices=Upload.Status.choices, required=False)
    """The status that the page showed."""


class BulkDecideForm(forms.Form):
    """Many uploads of the grid."""

    uploads = forms.ModelMultipleChoiceField(queryset=Upload.objects.all())
    """Also those that are decided meanwhile: each of them is refused by name, and the others go on."""
    seen = forms.IntegerField(required=False, min_value=0)


class AppealForm(forms.Form):
    """The answer to an appeal."""

    answer = forms.ChoiceField(choices=[("grant", _("Grant")), ("deny", _("Deny"))])
    note = forms.CharField(
        label=_("Note for colleagues"),
        required=False,
        max_length=1000,
        widget=forms.Textarea({"rows": 2}),
    )
    seen = forms.IntegerField(required=False, min_value=0, widget=forms.HiddenInput)


class PreferenceForm(forms.Form):
    """How pictures are shown to this moderator."""

    veil = forms.ChoiceField(choices=DeskPreference.Veil.choices)
    next = forms.CharField(required=False)


class QueueFilterForm(forms.Form):
    """Which held uploads."""

    blocklist = forms.ModelChoiceField(
        label=_("Blocklist"), queryset=Blocklist.objects.all(), required=False, to_field_name="slug"
    )
    reason = forms.CharField(label=_("Reason"), required=False, max_length=40)
    nearer = forms.IntegerField(label=_("Distance at most"), required=False, min_value=0, max_value=256)


class NoteForm(forms.Form):
    """Nothing but a note for colleagues."""

    note = forms.CharField(required=False, max_length=1000)
