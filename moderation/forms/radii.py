"""A small table instead of JSON: block and hold radius for each algorithm in use."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.template.loader import get_template
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from moderation import selectors
from moderation.conf import check_band, get_settings
from moderation.domain.algorithms import ALGORITHMS
from moderation.domain.radii import NEVER
from moderation.services import revision

BANDS = ("block", "hold")


class RadiiWidget(forms.Widget):
    """Two numbers an algorithm; what is left empty keeps the default, which stands in the field."""

    template_name = "moderation/widgets/radii.html"

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        """Return rows of the table, with the radii in force as placeholders."""
        context = super().get_context(name, value, attrs)
        given = value if isinstance(value, dict) else {}
        defaults = selectors.bands(revision.current().entries)
        context["rows"] = [
            {
                "algorithm": algorithm,
                "bits": ALGORITHMS[algorithm].bits,
                "cells": [
                    {
                        "name": f"{name}_{algorithm}_{band}",
                        "band": band,
                        "value": "" if number is None else number,
                        "default": _("never") if default == NEVER else default,
                    }
                    for band, number, default in zip(
                        BANDS,
                        given.get(algorithm, (None, None)),
                        (
                            defaults[ALGORITHMS[algorithm].qualified].block,
                            defaults[ALGORITHMS[algorithm].qualified].hold,
                        ),
                        strict=True,
                    )
                ],
            }
            for algorithm in get_settings().algorithms
        ]
        return context

    def _render(self, template_name: str, context: dict[str, Any], renderer: Any = None) -> SafeString:
        # The project's template engine: a form renderer looks into apps' folders and nowhere else.
        return mark_safe(get_template(template_name).render(context))  # noqa: S308 -- an engine with autoescape on

    def value_from_datadict(self, data: Mapping[str, Any], files: Any, name: str) -> Any:
        """Return algorithm → (block, hold) as typed; only what was filled in."""
        typed = {
            algorithm: tuple(str(data.get(f"{name}_{algorithm}_{band}") or "").strip() for band in BANDS)
            for algorithm in ALGORITHMS
        }
        return {algorithm: pair for algorithm, pair in typed.items() if any(pair)}

    def value_omitted_from_data(self, data: Mapping[str, Any], files: Any, name: str) -> bool:
        """Return False: an empty table is an answer, and everything keeps its default."""
        return False

    def use_required_attribute(self, initial: Any) -> bool:
        """Return False: the browser must not insist on a number."""
        return False

    def id_for_label(self, id_: str) -> str:
        """Return the id of the first number."""
        return f"{id_}_{get_settings().algorithms[0]}_block"


class RadiiField(forms.Field):
    """Algorithm → [block radius or null, hold radius], as the models store it."""

    widget = RadiiWidget

    def clean(self, value: Any) -> dict[str, list[int | None]]:
        """Return the radii. Raises :class:`ValidationError` for radii that are no numbers, out of order or out of
        range."""
        result: dict[str, list[int | None]] = {}
        for algorithm, (block, hold) in (value or {}).items():
            if not hold:
                raise ValidationError(
                    _("%(algorithm)s: give the hold radius too."), params={"algorithm": algorithm}
                )
            if not all(part.isdecimal() for part in (block, hold) if part):
                raise ValidationError(
                    _("%(algorithm)s: radii are whole numbers of bits."), params={"algorithm": algorithm}
                )
            band = [int(block) if block else None, int(hold)]
            try:
                check_band(algorithm, band, where=algorithm)
            except ImproperlyConfigured as error:
                raise ValidationError(str(error)) from error
            result[algorithm] = band
        return result

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Compare as stored, not as typed."""
        try:
            return (initial or {}) != self.clean(data)
        except ValidationError:
            return True
