"""Small pieces of HTML that lists and pages share."""

from __future__ import annotations

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from moderation.models import BanDraft, BannedImage, Match, Upload

NONE = "–"


def badge(kind: str, text: object) -> SafeString:
    """Return a word in a coloured box; the word alone says it, too."""
    return format_html('<span class="mod-badge mod-is-{}">{}</span>', kind, text)


def picture(url: str, alt: str) -> SafeString:
    """Return a picture under the moderator's veil."""
    return format_html(
        '<span class="mod-thumb"><img class="mod-veiled" src="{}" alt="{}" loading="lazy" '
        'decoding="async"></span>',
        url,
        alt,
    )


def no_picture(text: str) -> SafeString:
    """Return the text that stands in the place of a picture."""
    return format_html('<span class="mod-thumb mod-empty">{}</span>', text)


def picture_of_upload(upload: Upload) -> SafeString:
    """Return the clean re-encoding, through the view that asks for permission."""
    if not upload.reencoded:
        return no_picture(_("no picture"))
    url = reverse("moderation:upload-picture", args=[upload.pk])
    return picture(url, _("Upload %(reference)s") % {"reference": upload.reference})


def picture_of_entry(banned: BannedImage) -> SafeString:
    """Return the evidence, where any is kept."""
    if not banned.evidence:
        return no_picture(_("no picture kept"))
    url = reverse("moderation:evidence-picture", args=[banned.pk])
    return picture(url, _("Banned image %(number)s") % {"number": banned.pk})


def picture_of_match(match: Match) -> SafeString:
    """Return the upload laid over the banned image, as this match of the second tier found it."""
    url = reverse("moderation:overlay-picture", args=[match.pk])
    return picture(
        url, _("The upload laid over the banned image: agreeing tiles green, disagreeing ones red")
    )


def picture_of_draft(draft: BanDraft) -> SafeString:
    """Return what is about to be banned."""
    if not draft.picture:
        return no_picture(_("hash only") if draft.algorithm else _("no picture"))
    return picture(reverse("moderation:draft-picture", args=[draft.pk]), draft.name)


def link(name: str, pk: object, text: object) -> SafeString:
    """Return a link to a page of the desk."""
    return format_html('<a href="{}">{}</a>', reverse(f"admin:moderation_{name}", args=[pk]), text)
