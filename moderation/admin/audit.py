"""The audit log: one log of four kinds of rows, read-only for everyone."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import prefetch_related_objects
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from moderation.admin import html
from moderation.admin.audit_rows import KIND_NAMES, leading_match, rows_for
from moderation.admin.desk import RowPages, capped, may
from moderation.admin.exporting import export
from moderation.admin.verdict_text import explain
from moderation.domain.policy import LOCAL
from moderation.forms.audit import AuditFilterForm
from moderation.models import (
    AuditRecord,
    BannedImage,
    BlocklistChange,
    Decision,
    Match,
    Refusal,
    Screening,
    Upload,
)
from moderation.selectors import audit, evidence
from moderation.selectors.audit_filters import AuditFilter

PERIODS = ((1, "24 h"), (7, "7 d"), (30, "30 d"))
RARE = frozenset(AuditFilterForm.base_fields) - {"kind", "reference", "user", "moderator", "since", "until"}
"""Filters that are folded away until they are used."""
TURNS = {
    "mirrored": "mirrored",
    "rotated 180": "rotated-180",
    "rotated 90": "rotated-90",
    "rotated 270": "rotated-270",
    "upside down, mirrored": "flipped",
    "transposed": "transposed",
    "transversed": "transversed",
}
"""How the evidence is turned by the style sheet, so that both pictures lie the same way."""


class AuditAdmin(RowPages):
    """The list of any kind is the log, narrowed to that kind."""

    def get_urls(self) -> list[URLPattern]:
        """Put the export beside the pages of the model."""
        permission = f"view_{self.opts.model_name}"
        view = self.guarded(self.export_page, permission, "export_audit")
        return [
            path("export/", view, name=f"moderation_{self.opts.model_name}_export"),
            *super().get_urls(),
        ]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def filter_of(self, request: HttpRequest) -> tuple[AuditFilterForm, AuditFilter]:
        """Return what the address asks for; without a kind, the screenings' page shows everything."""
        given = request.GET.copy()
        if "kind" not in given and self.model is not Screening:
            given["kind"] = str(self.opts.model_name)
        form = AuditFilterForm(given)
        form.is_valid()
        return form, AuditFilter.of(form.cleaned_data)

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show a page of the log."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        form, wanted = self.filter_of(request)
        found = audit.page(wanted, after=request.GET.get("after", ""))
        query = request.GET.copy()
        query.pop("after", None)
        seal = audit.newest_seal()
        context = {
            "form": form,
            "rows": rows_for(found.rows),
            "next": urlencode([*query.lists(), ("after", [found.next])], doseq=True) if found.next else "",
            "first": "after" not in request.GET,
            "query": query.urlencode(),
            "facets": self.facets(wanted, query.copy()),
            "periods": self.periods(query.copy()),
            "seal": seal,
            "head": bytes(seal.mac).hex()[:16] + "…" if seal else "",
            "narrowed": any(request.GET.get(name) for name in RARE),
            "export_url": reverse(f"admin:moderation_{self.opts.model_name}_export"),
            "kinds": KIND_NAMES,
        }
        status = 400 if form.errors else 200
        return self.page(request, "audit.html", context, title=_("Audit log"), status=status)

    def facets(self, wanted: AuditFilter, query: Any) -> list[dict[str, Any]]:
        """Return verdicts with numbers that stop at 1,000."""
        result = []
        for verdict, number in audit.verdict_facets(wanted).items():
            if number:
                query["verdict"], query["kind"] = verdict, "screening"
                result.append(
                    {
                        "name": Screening.Verdict(verdict).label,
                        "verdict": verdict,
                        "count": capped(number),
                        "query": query.urlencode(),
                        "here": wanted.verdict == verdict,
                    }
                )
        return result

    def periods(self, query: Any) -> list[dict[str, str]]:
        """Return shortcuts for the date."""
        query.pop("until", None)
        today = timezone.localdate()
        result = []
        for days, title in PERIODS:
            query["since"] = (today - timedelta(days=days)).isoformat()
            result.append({"title": title, "query": query.urlencode()})
        return result

    def export_page(self, request: HttpRequest) -> HttpResponseBase:
        """Stream what is filtered: ``?format=csv`` or ``jsonl``."""
        form, wanted = self.filter_of(request)
        if form.errors:
            raise Http404("No such filter.")
        return export(wanted, as_csv=request.GET.get("format", "csv") != "jsonl")

    def row_page(self, request: HttpRequest, record: AuditRecord) -> HttpResponse:
        """Show one row, with everything that is known about it."""
        if isinstance(record, Screening):
            prefetch_related_objects([record], "matches")
        seal = audit.seals_of([record]).get((audit.kind_of(record), record.pk))
        context = {
            "record": record,
            "row": rows_for([record])[0],
            "seal": seal,
            "digest": bytes(seal.digest).hex() if seal else "",
            "erased": bool(record.personal and record.personal.erased_at),
            "fields": self.facts(record),
            "may_overturn": may(request, "change_bannedimage", "decide_upload"),
        }
        if isinstance(record, Screening):
            context |= self.screening_context(record)
        title = f"{KIND_NAMES[audit.kind_of(record)]} {record.pk}"
        return self.page(request, "audit_row.html", context, title=title)

    def facts(self, record: AuditRecord) -> list[tuple[str, Any]]:
        """Return plain columns that the page does not show elsewhere."""
        names = {
            Screening: ("occasion", "algorithms", "notes"),
            Decision: ("undoes_id",),
            Refusal: ("door", "size"),
            BlocklistChange: ("detail",),
        }[type(record)]
        facts = [(name.removesuffix("_id"), getattr(record, name)) for name in names]
        return [(name, value) for name, value in facts if value not in ("", None, {})]

    def screening_context(self, screening: Screening) -> dict[str, Any]:
        """Return both pictures, the matches, the bits that differ."""
        upload = Upload.objects.filter(pk=screening.upload_id).first()
        leading = leading_match(screening)
        banned = BannedImage.objects.filter(pk=leading.banned_id).first() if leading else None
        matches = list(screening.matches.all())
        shown = leading or (matches[0] if matches else None)
        difference = evidence.difference(shown, screening.upload_id) if shown else None
        return {
            **_second_tier(shown),
            "upload": upload,
            "picture": html.picture_of_upload(upload) if upload else "",
            "banned": banned,
            "evidence": html.picture_of_entry(banned) if banned else "",
            "sentence": explain(screening, leading, banned),
            "matches": matches[:100],
            "leading": leading,
            "difference": difference,
            "turn": TURNS.get(difference.turned, "") if difference else "",
            "bits": _square(difference) if difference else [],
            "variants": evidence.variants_of(screening.upload_id),
            "elapsed_ms": screening.elapsed_us / 1000,
        }


def _second_tier(match: Match | None) -> dict[str, Any]:
    if match is None or not match.method.startswith(LOCAL):
        return {}
    return {
        "overlay": html.picture_of_match(match),
        "inliers": match.details.get("inliers", 0),
        "tile": match.details.get("tile", 0) // 10,
        "share": match.details.get("share", 0) // 10,
    }


def _square(difference: evidence.Difference) -> list[tuple[int, int, str]]:
    """Return (x, y, kind) of the cells that are drawn: ``on`` for a set bit, ``off`` and ``on`` where both agree,
    ``gone`` and ``new`` where they differ."""
    cells = []
    for place, (bit, differs) in enumerate(difference.cells):
        kind = ("new" if bit else "gone") if differs else ("on" if bit else "off")
        if kind != "off":
            cells.append((place % difference.side, place // difference.side, kind))
    return cells


@admin.register(Screening)
class ScreeningAdmin(AuditAdmin):
    """Also the whole log."""


@admin.register(Decision)
class DecisionAdmin(AuditAdmin):
    """What humans said."""


@admin.register(Refusal)
class RefusalAdmin(AuditAdmin):
    """What was turned away at the door."""


@admin.register(BlocklistChange)
class BlocklistChangeAdmin(AuditAdmin):
    """What changed a list."""
