"""``POST /v1/screen``: a verdict, and nothing is stored."""

from __future__ import annotations

from django.http import HttpRequest
from ninja import Router

from moderation.exceptions import DecoderCrashed, DecoderOutOfMemory, DecoderTimeout
from moderation.http.bodies import read_picture
from moderation.http.keys import KeyAuth, key_of
from moderation.http.v1.documented import PICTURE_BODY, PICTURE_PROBLEMS, problems
from moderation.http.v1.schemas import Verdict
from moderation.models import ApiKey
from moderation.services import revision
from moderation.services.search import trial

router = Router(tags=["screening"])


@router.post(
    "/screen",
    auth=KeyAuth(ApiKey.Scope.SCREEN),
    response=Verdict,
    operation_id="screen",
    summary="Screen a picture",
    openapi_extra={**PICTURE_BODY, "responses": problems(*PICTURE_PROBLEMS)},
)
def screen(request: HttpRequest) -> Verdict:
    """Say what would become of a picture that was submitted. Nothing is stored."""
    picture = read_picture(request)
    try:
        found = trial.judge_bytes(picture.data, tenant=key_of(request).tenant)
    except (DecoderTimeout, DecoderCrashed, DecoderOutOfMemory) as failure:
        # A submitted one would be held for a moderator.
        return Verdict(
            verdict="hold", reason=failure.code, policy_text="", revision=revision.current().number
        )
    return Verdict(
        verdict=found.verdict, reason=found.reason, policy_text=found.policy_text, revision=found.revision
    )
