"""Errors as problem details (RFC 9457), with the stable codes of :mod:`moderation.exceptions`."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from django.http import JsonResponse

from moderation import exceptions

MEDIA_TYPE = "application/problem+json"
OUTAGE_SECONDS = 5
"""Of ``Retry-After`` where database or decoder are away."""

STATUS: Mapping[type[exceptions.ModerationError], HTTPStatus] = {
    exceptions.KeyRefused: HTTPStatus.UNAUTHORIZED,
    exceptions.ScopeMissing: HTTPStatus.FORBIDDEN,
    exceptions.LoweringNeedsTwo: HTTPStatus.FORBIDDEN,
    exceptions.UnknownUpload: HTTPStatus.NOT_FOUND,
    exceptions.UnknownEntry: HTTPStatus.NOT_FOUND,
    exceptions.UnknownBlocklist: HTTPStatus.NOT_FOUND,
    exceptions.AppealRefused: HTTPStatus.CONFLICT,
    exceptions.DecisionRefused: HTTPStatus.CONFLICT,
    exceptions.NeedsConfirmation: HTTPStatus.CONFLICT,
    exceptions.RequestInProgress: HTTPStatus.CONFLICT,
    exceptions.RequestKeyReused: HTTPStatus.UNPROCESSABLE_ENTITY,
    exceptions.TooManyRequests: HTTPStatus.TOO_MANY_REQUESTS,
    exceptions.TooManyUploads: HTTPStatus.TOO_MANY_REQUESTS,
    exceptions.BodyIncomplete: HTTPStatus.BAD_REQUEST,
    exceptions.BadCursor: HTTPStatus.BAD_REQUEST,
    exceptions.BadRequest: HTTPStatus.BAD_REQUEST,
    exceptions.LengthRequired: HTTPStatus.LENGTH_REQUIRED,
    exceptions.MediaTypeRefused: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    exceptions.FileTooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    exceptions.FormatNotAllowed: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    exceptions.NotAnImage: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    exceptions.ImageRefused: HTTPStatus.UNPROCESSABLE_ENTITY,
    exceptions.FlatPicture: HTTPStatus.UNPROCESSABLE_ENTITY,
    exceptions.UnknownAlgorithm: HTTPStatus.UNPROCESSABLE_ENTITY,
    exceptions.NotOneFile: HTTPStatus.UNPROCESSABLE_ENTITY,
    exceptions.SandboxFailure: HTTPStatus.SERVICE_UNAVAILABLE,
    exceptions.IndexUnavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    exceptions.ScreeningContended: HTTPStatus.SERVICE_UNAVAILABLE,
}
"""By the nearest ancestor; what stands under none of them is a fault of ours."""


def status_of(error: exceptions.ModerationError) -> HTTPStatus | None:
    """Return the status of an error, or None where no client can have caused it."""
    return next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), None)


def problem(
    status: HTTPStatus,
    *,
    code: str,
    detail: str,
    retry_after: int | None = None,
    errors: list[dict[str, Any]] | None = None,
) -> JsonResponse:
    """Return a problem; ``errors`` names the parts of a request that are wrong."""
    content: dict[str, Any] = {
        "type": f"urn:image-blocklist:problem:{code}",
        "title": status.phrase,
        "status": status.value,
        "code": code,
        "detail": detail,
    }
    if errors:
        content["errors"] = errors
    response = JsonResponse(content, status=status, content_type=MEDIA_TYPE)
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        retry_after = retry_after or OUTAGE_SECONDS
    if retry_after is not None:
        response["Retry-After"] = str(retry_after)
    if status == HTTPStatus.UNAUTHORIZED:
        response["WWW-Authenticate"] = 'Bearer realm="image blocklist"'
    return response


def problem_of(error: exceptions.ModerationError) -> JsonResponse:
    """Return an error as a problem. Raises the error itself where it is a fault of ours."""
    status = status_of(error)
    if status is None:
        raise error
    return problem(
        status, code=error.code, detail=str(error), retry_after=getattr(error, "retry_after", None)
    )
