"""Pictures elsewhere, which some clients name by their URL."""

from __future__ import annotations

from http import HTTPStatus

from moderation.conf import get_settings
from moderation.exceptions import AddressRefused, AnswerTooLarge, FetchFailed, OutgoingOff
from moderation.http.hma import media
from moderation.http.hma.answering import Refused
from moderation.services import outgoing

SECONDS = 30.0


def picture(url: str, *, content_type: str | None, types: str | None) -> bytes:
    """Fetch the picture at an address, where the settings allow it."""
    media.check_types(types)
    if content_type and content_type != media.PHOTO:
        raise Refused(f"no such content_type: '{content_type}'")
    try:
        answer = outgoing.get(url, most=get_settings().max_bytes, seconds=SECONDS)
    except OutgoingOff as error:
        raise Refused(str(error), HTTPStatus.FORBIDDEN) from error
    except AddressRefused as error:
        raise Refused("Invalid or unsafe URL provided") from error
    except AnswerTooLarge as error:
        raise Refused("Content too large", HTTPStatus.REQUEST_ENTITY_TOO_LARGE) from error
    except FetchFailed as error:
        raise Refused(f"Failed to fetch URL: {error}") from error
    if answer.status != HTTPStatus.OK:
        raise Refused(f"Failed to fetch URL: status {answer.status}")
    if not content_type and not answer.content_type.lower().startswith("image"):
        raise Refused(
            f"unsupported url ContentType: '{answer.content_type}', if you know the expected type, provide it with the "
            "content_type query param"
        )
    return answer.data
