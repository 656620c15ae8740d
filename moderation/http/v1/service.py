"""The API as a whole: its operations, its errors, and the document that describes it."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import Any, NoReturn

from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError
from ninja.openapi.schema import OpenAPISchema

from moderation import exceptions
from moderation.http.counting import counted
from moderation.http.problems import problem, problem_of
from moderation.http.v1 import bans, decisions, screening, uploads
from moderation.http.v1.schemas import BanByHash, Problem

logger = logging.getLogger("moderation.http")

Raised = Exception | type[Exception]
"""As the library hands it to a handler."""
DESCRIPTION = """Screen pictures against blocklists: an edited copy of a banned image is found.

Send a key as `Authorization: Bearer ib_…`. Errors are problem details (RFC 9457) with a stable `code`.
Browsers do not call this: what it answers is for servers."""


class FilterAPI(NinjaAPI):
    """Adds the schemas that only raw bodies and problems refer to."""

    def get_openapi_schema(self, **options: Any) -> OpenAPISchema:
        """Return the document."""
        document = super().get_openapi_schema(**options)
        schemas = document["components"].setdefault("schemas", {})
        for schema in (BanByHash, Problem):
            schemas[schema.__name__] = schema.model_json_schema()
        return document


api = FilterAPI(
    title="Image blocklist",
    version="1.0.0",
    description=DESCRIPTION,
    docs_url=None,
    urls_namespace="moderation-v1",
)
for router in (screening.router, uploads.router, bans.router, decisions.router):
    router.add_decorator(counted, mode="view")
    api.add_router("", router)


@api.exception_handler(exceptions.ModerationError)
def _moderation_error(_request: HttpRequest, error: exceptions.ModerationError) -> HttpResponse:
    return problem_of(error)


@api.exception_handler(AuthenticationError)
def _no_key(_request: HttpRequest, _error: AuthenticationError) -> HttpResponse:
    return problem_of(exceptions.KeyRefused())


@api.exception_handler(ValidationError)
def _invalid(_request: HttpRequest, error: ValidationError) -> HttpResponse:
    errors = [
        {"where": ".".join(str(part) for part in one["loc"]), "message": one["msg"]} for one in error.errors
    ]
    return problem(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        code="invalid_request",
        detail="A part of the request is not as it should be.",
        errors=errors,
    )


@api.exception_handler(HttpError)
def _http_error(_request: HttpRequest, error: HttpError) -> HttpResponse:
    return problem(HTTPStatus(error.status_code), code="bad_request", detail=str(error))


@api.exception_handler(Http404)
def _not_found(_request: HttpRequest, _error: Http404) -> HttpResponse:
    return problem(HTTPStatus.NOT_FOUND, code="not_found", detail="There is nothing at this address.")


def _unreadable(_request: HttpRequest, error: Raised) -> HttpResponse:
    if isinstance(error, RequestDataTooBig):
        return problem_of(exceptions.FileTooLarge())
    if isinstance(error, UnreadablePostError):
        return problem_of(exceptions.BodyIncomplete())
    return problem_of(exceptions.BadRequest())


for kind in (SuspiciousOperation, MultiPartParserError, UnreadablePostError):
    api.add_exception_handler(kind, _unreadable)


def _outage(_request: HttpRequest, error: Raised) -> HttpResponse:
    logger.error("the database did not answer: %s", error)
    return problem(
        HTTPStatus.SERVICE_UNAVAILABLE,
        code="unavailable",
        detail="The service is away for a moment. Try again.",
    )


for outage in (OperationalError, InterfaceError):
    api.add_exception_handler(outage, _outage)


def _fault(_request: HttpRequest, error: Raised) -> NoReturn:
    # Django's to report, also with DEBUG.
    raise error


api.add_exception_handler(Exception, _fault)
