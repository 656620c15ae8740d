"""Pictures and hashes as this API names them: content types, signal types, a form's one file, a URL."""

from __future__ import annotations

import re
from http import HTTPStatus

from django.http import HttpRequest

from moderation.conf import get_settings
from moderation.domain.whole import LEAST_QUALITY, NAME
from moderation.exceptions import FileTooLarge
from moderation.http.bodies import FORM, read_picture
from moderation.http.hma.answering import Refused
from moderation.services.decoder import decoder

PDQ = "pdq"
PHOTO = "photo"
HEX = re.compile(r"[0-9a-f]{64}")


def need_whole() -> None:
    """Refuse while the settings do not search for hashes of whole pictures."""
    if NAME not in get_settings().algorithms:
        raise Refused(
            f'PDQ of whole pictures is off: add "{NAME}" to MODERATION["ALGORITHMS"].',
            HTTPStatus.SERVICE_UNAVAILABLE,
        )


def bits_of(text: str) -> bytes:
    """Read a PDQ hash as this API writes it."""
    if not HEX.fullmatch(text):
        raise Refused("invalid signal: invalid PDQ hash")
    return bytes.fromhex(text)


def check_signal_type(name: str) -> None:
    """Refuse any but PDQ."""
    if name != PDQ:
        raise Refused(f"No such SignalType '{name}'")


def check_types(given: str | None) -> None:
    """Refuse a choice of signal types that PDQ is not in, or another is."""
    if given is None:
        return
    names = [name.strip() for name in given.split(",") if name.strip()]
    if not names:
        raise Refused("empty signal type selection")
    if others := [name for name in names if name != PDQ]:
        raise Refused(f"signal type '{others[0]}' doesn't exist or is disabled")


def picture_of_form(request: HttpRequest) -> bytes:
    """Return the one file of a form, whose field is named after its content type."""
    if request.content_type != FORM:
        raise Refused("Missing multipart/form-data file upload")
    check_types(request.GET.get("types"))
    picture = read_picture(request)
    field = next(iter(request.FILES))
    if field != PHOTO:
        raise Refused(f"no such content_type: '{field}'")
    if len(picture.data) > get_settings().max_bytes:
        raise FileTooLarge
    return picture.data


def hash_of(data: bytes) -> str:
    """Return the PDQ hash of a picture, empty where there is too little to see."""
    found = decoder().hash_whole(data, get_settings().limits())
    return found.turned[0].hex() if found.quality >= LEAST_QUALITY else ""
