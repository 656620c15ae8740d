"""Handing a picture to moderation, and what the answer means for the page."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus

from django.core.files.base import File

from avatars.models import Profile
from moderation import api
from moderation.exceptions import ImageRefused, ModerationError, TooManyUploads

NOT_NOW = "We cannot check pictures at the moment. Your picture was not kept: please send it again later."

RETRY_AFTER = 30
"""Seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What became of one picture. ``problem`` is empty where it was taken, if only to be looked at."""

    http: HTTPStatus
    upload: api.UploadStatus | None = None
    problem: str = ""
    retry_after: int = 0
    """Seconds after which the same picture may be sent again; 0 where that would change nothing."""


def send_picture(file: File[bytes], *, profile: Profile, address: str) -> Answer:
    """Submit ``file`` as the profile's avatar. Never raises for what a picture can be."""
    try:
        upload = api.submit_upload(file, owner=profile.user, target=(profile, "avatar"), address=address)
    except ImageRefused as refusal:
        return Answer(http=HTTPStatus.BAD_REQUEST, problem=str(refusal))
    except TooManyUploads as refusal:
        return Answer(
            http=HTTPStatus.TOO_MANY_REQUESTS, problem=str(refusal), retry_after=refusal.retry_after
        )
    except ModerationError:
        return Answer(http=HTTPStatus.SERVICE_UNAVAILABLE, problem=NOT_NOW, retry_after=RETRY_AFTER)
    if upload.status in ("rejected", "refused"):
        return Answer(http=HTTPStatus.UNPROCESSABLE_ENTITY, upload=upload, problem=upload.message)
    return Answer(http=HTTPStatus.OK, upload=upload)
