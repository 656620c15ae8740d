"""A page with the numbers of a period, for whoever writes the transparency report."""

from __future__ import annotations

from datetime import timedelta
from itertools import groupby

from django import forms
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from moderation.admin.desk import DeskAdmin
from moderation.selectors import transparency


class PeriodForm(forms.Form):
    """Two days, both of which count."""

    first = forms.DateField(label=gettext_lazy("From"), widget=forms.DateInput({"type": "date"}))
    last = forms.DateField(label=gettext_lazy("To"), widget=forms.DateInput({"type": "date"}))

    def clean(self) -> dict[str, object]:
        """Check that the days are in order."""
        data = self.cleaned_data
        if "first" in data and "last" in data and data["last"] < data["first"]:
            raise forms.ValidationError(_("The last day lies before the first."))
        return data


class TransparencyPages(DeskAdmin):
    """Mixed into the uploads' admin."""

    def transparency_urls(self) -> list[URLPattern]:
        """Return one address."""
        page = self.guarded(self.transparency_page, "view_screening")
        return [path("transparency/", page, name="moderation_transparency")]

    def transparency_page(self, request: HttpRequest) -> HttpResponse:
        """Show the figures of the period that was asked for; of the last 30 days at first."""
        today = timezone.localdate()
        given = request.GET if "first" in request.GET else None
        form = PeriodForm(given, initial={"first": today - timedelta(days=29), "last": today})
        days = (form["first"].initial, form["last"].initial) if given is None else None
        if given is not None and form.is_valid():
            days = (form.cleaned_data["first"], form.cleaned_data["last"])
        groups = []
        if days is not None:
            found = transparency.rows(transparency.figures(*transparency.period(*days)))
            groups = [
                (TITLES.get(group, group), [(name or group, value) for _group, name, value in rows])
                for group, rows in groupby(found, key=lambda row: row[0])
                if group in TITLES
            ]
        context = {"form": form, "groups": groups}
        return self.page(request, "transparency.html", context, title=_("Transparency"))


TITLES = {
    "uploads": gettext_lazy("Uploads"),
    "machine": gettext_lazy("First verdicts of the machine"),
    "reasons": gettext_lazy("Why it did not let uploads through"),
    "later": gettext_lazy("Earlier uploads that new entries stopped"),
    "lists": gettext_lazy("Lists that rejections rested on"),
    "door": gettext_lazy("Files turned away, by reason"),
    "person": gettext_lazy("Decisions of people that stand"),
    "reports": gettext_lazy("Reports"),
    "appeals": gettext_lazy("Appeals"),
    "seconds": gettext_lazy("Median times, in seconds"),
    "errors": gettext_lazy("Where the machine was wrong"),
}
