"""What every address of this API has in common: who asks, and errors as ``{"message": …}``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from http import HTTPStatus
from typing import Any, TypeVar

from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.views.decorators.csrf import csrf_exempt
from pydantic import BaseModel, ValidationError

from moderation import exceptions
from moderation.http.bodies import read_json
from moderation.http.counting import counted
from moderation.http.hma import clients
from moderation.http.keys import remember
from moderation.http.problems import OUTAGE_SECONDS, status_of
from moderation.services.access import keys

View = Callable[..., HttpResponse]
Shape = TypeVar("Shape", bound=BaseModel)

STATUS: Mapping[type[exceptions.ModerationError], HTTPStatus] = {
    exceptions.UnknownBank: HTTPStatus.NOT_FOUND,
    exceptions.UnknownContent: HTTPStatus.NOT_FOUND,
    exceptions.BankExists: HTTPStatus.FORBIDDEN,
    exceptions.FileTooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
}
"""That differ from the native API; what is wrong with a picture or a request is a 400 here."""


class Refused(Exception):
    """An error of this API, with the message that it is answered with."""

    def __init__(self, message: str, status: HTTPStatus = HTTPStatus.BAD_REQUEST) -> None:
        super().__init__(message)
        self.status = status


def message(text: str, status: int) -> JsonResponse:
    """Return an error in this API's shape."""
    response = JsonResponse({"message": text}, status=status)
    if status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE):
        response["Retry-After"] = str(OUTAGE_SECONDS)
    if status == HTTPStatus.UNAUTHORIZED:
        response["WWW-Authenticate"] = 'Bearer realm="image blocklist"'
    return response


def view(*scopes: str, **methods: View) -> View:
    """Return a view that answers each method with its function, for keys with these scopes. Without a scope
    anybody may ask."""

    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        kwargs.pop(clients.PREFIX, None)
        handler = methods.get((request.method or "").lower())
        if handler is None:
            return HttpResponseNotAllowed([name.upper() for name in methods])
        try:
            if scopes:
                _let_in(request, scopes)
            return handler(request, *args, **kwargs)
        except ValidationError as error:
            # A list of what is wrong, as the original's framework answers.
            return JsonResponse(
                error.errors(include_url=False, include_context=False, include_input=False),
                status=422,
                safe=False,
            )
        except Refused as error:
            return message(str(error), error.status)
        except exceptions.ModerationError as error:
            return _moderation_error(error)
        except (SuspiciousOperation, MultiPartParserError, UnreadablePostError) as error:
            too_large = isinstance(error, RequestDataTooBig)
            return message("The request cannot be read.", 413 if too_large else 400)
        except (OperationalError, InterfaceError):
            return message("The database is away for a moment.", HTTPStatus.SERVICE_UNAVAILABLE)

    answering: View = csrf_exempt(counted(wraps(answer)(answer)))  # type: ignore[assignment]
    return answering


def body(request: HttpRequest, shape: type[Shape]) -> Shape:
    """Return the JSON of a request. Raises pydantic's :class:`ValidationError`."""
    return shape.model_validate_json(read_json(request))


def query(request: HttpRequest, shape: type[Shape]) -> Shape:
    """Return the parameters of a request; of one that is given twice the first."""
    given = {name: request.GET.getlist(name)[0] for name in request.GET}
    if any("\0" in value for value in given.values()):
        raise Refused("A parameter holds a NUL character.")
    return shape.model_validate(given)


def _let_in(request: HttpRequest, scopes: tuple[str, ...]) -> None:
    key = clients.key_of_client(request)
    remember(request, key)
    keys.admit(key)
    keys.demand(key, *scopes)


def _moderation_error(error: exceptions.ModerationError) -> HttpResponse:
    status = next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), status_of(error))
    if status is None and not isinstance(error, exceptions.BankNameUnsuitable):
        raise error
    if status is None or status in (HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.UNSUPPORTED_MEDIA_TYPE):
        status = HTTPStatus.BAD_REQUEST
    return message(str(error), status)
