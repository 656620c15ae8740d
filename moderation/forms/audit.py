"""What the audit log is searched by."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from moderation.models import BlocklistChange, Decision, Screening

ANY = ("", _("any"))


class AuditFilterForm(forms.Form):
    """All fields may be empty; together they narrow."""

    KINDS = (
        ("", _("everything")),
        ("screening", _("screenings")),
        ("decision", _("decisions")),
        ("refusal", _("refusals")),
        ("blocklistchange", _("blocklist changes")),
    )
    kind = forms.ChoiceField(label=_("Kind"), choices=KINDS, required=False)
    reference = forms.CharField(label=_("Reference"), max_length=12, required=False)
    user = forms.CharField(label=_("Uploader"), max_length=150, required=False)
    moderator = forms.CharField(label=_("Moderator"), max_length=150, required=False)
    banned = forms.IntegerField(label=_("Banned image"), min_value=1, required=False)
    blocklist = forms.SlugField(label=_("Blocklist"), required=False)
    method = forms.CharField(label=_("Method"), max_length=24, required=False)
    verdict = forms.ChoiceField(label=_("Verdict"), choices=[ANY, *Screening.Verdict.choices], required=False)
    decision = forms.ChoiceField(label=_("Decision"), choices=[ANY, *Decision.Kind.choices], required=False)
    change = forms.ChoiceField(
        label=_("Change"), choices=[ANY, *BlocklistChange.Kind.choices], required=False
    )
    reason = forms.CharField(label=_("Reason"), max_length=40, required=False)
    distance_from = forms.IntegerField(label=_("Distance from"), min_value=0, max_value=256, required=False)
    distance_to = forms.IntegerField(label=_("to"), min_value=0, max_value=256, required=False)
    revision = forms.IntegerField(label=_("Revision"), min_value=0, required=False)
    since = forms.DateField(label=_("From"), required=False, widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(label=_("Until"), required=False, widget=forms.DateInput(attrs={"type": "date"}))
