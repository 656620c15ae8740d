"""Verdicts in words."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from moderation.domain.reasons import label_of
from moderation.models import BannedImage, Match, Screening

METHODS = {
    "sha256": gettext_lazy("the same bytes"),
    "pixels/1": gettext_lazy("the same pixels"),
}


def reason_in_words(code: str) -> str:
    """Return a reason as a moderator reads it; codes that nobody knows stay codes."""
    return _(label_of(code)) if code else ""


def explain(screening: Screening, leading: Match | None, banned: BannedImage | None) -> str:
    """Return why the verdict is what it is, in a sentence."""
    verdict = {
        "allow": _("Let through"),
        "hold": _("Held for a moderator"),
        "block": _("Rejected"),
        "refused": _("Refused"),
    }.get(screening.verdict, screening.verdict)
    if leading is None:
        return _("%(verdict)s: %(reason)s.") % {
            "verdict": verdict,
            "reason": reason_in_words(screening.reason),
        }
    name = f" “{banned.label}”" if banned and banned.label else ""
    place = _("banned image #%(number)s%(name)s of the list “%(blocklist)s”") % {
        "number": leading.banned_id,
        "name": name,
        "blocklist": leading.blocklist,
    }
    variant = _("the variant “%s”") % leading.variant if leading.variant else _("the whole picture")
    if leading.band == "exact":
        return _("%(verdict)s, because it has %(method)s as %(place)s.") % {
            "verdict": verdict,
            "method": METHODS.get(leading.method, leading.method),
            "place": place,
        }
    if leading.method.startswith("local"):
        return _("%(verdict)s, because parts of it agree with %(place)s.") % {
            "verdict": verdict,
            "place": place,
        }
    sentence = _(
        "%(verdict)s, because %(method)s of %(variant)s lies %(distance)s bits from %(place)s, within "
        "the %(band)s radius of %(radius)s at revision %(revision)s."
    ) % {
        "verdict": verdict,
        "method": leading.method,
        "variant": variant,
        "distance": leading.distance,
        "place": place,
        "band": leading.band,
        "radius": leading.radius,
        "revision": screening.revision,
    }
    if "places" not in leading.details:
        return sentence
    agreement = _("%(agree)s of the %(places)s places that are particular to it agree.") % {
        "agree": leading.details["agree"],
        "places": leading.details["places"],
    }
    return f"{sentence} {agreement}"
