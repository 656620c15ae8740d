"""Verdicts in words."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from moderation.models import BannedImage, Match, Screening

REASONS = {
    "no_match": gettext_lazy("resembles nothing on the lists"),
    "allowlisted": gettext_lazy("explained by the allowlist"),
    "cleared": gettext_lazy("a person found it different"),
    "monitored": gettext_lazy("only a monitoring list matched"),
    "near_copy": gettext_lazy("near a banned image"),
    "hold_list": gettext_lazy("copy of an image on a holding list"),
    "search_cut_off": gettext_lazy("looking for parts of banned images took too long"),
    "copy": gettext_lazy("copy of a banned image"),
    "exact_copy": gettext_lazy("exact copy of a banned image"),
    "moderator": gettext_lazy("a moderator decided"),
    "overturned": gettext_lazy("the ban was overturned"),
    "undone": gettext_lazy("a decision was undone"),
    "undecodable": gettext_lazy("could not be read"),
    "not_an_image": gettext_lazy("no picture"),
    "empty": gettext_lazy("empty file"),
    "too_large": gettext_lazy("file too large"),
    "too_many_pixels": gettext_lazy("too many pixels"),
    "too_many_frames": gettext_lazy("too many frames"),
    "format_not_allowed": gettext_lazy("format not taken"),
    "decoder_timeout": gettext_lazy("decoding took too long"),
    "decoder_crashed": gettext_lazy("the decoder crashed"),
    "decoder_out_of_memory": gettext_lazy("decoding needed too much memory"),
    "file_missing": gettext_lazy("the file is missing"),
    "file_damaged": gettext_lazy("the file has changed in storage"),
}

METHODS = {
    "sha256": gettext_lazy("the same bytes"),
    "pixels/1": gettext_lazy("the same pixels"),
}


def reason_in_words(code: str) -> str:
    """A reason code as a moderator reads it; unknown ones stay codes."""
    return str(REASONS.get(code, code.replace("_", " ")))


def explain(screening: Screening, leading: Match | None, banned: BannedImage | None) -> str:
    """Why the verdict is what it is, in a sentence."""
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
    return _(
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
