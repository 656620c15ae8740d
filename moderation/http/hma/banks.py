"""``/c/banks`` and ``/c/bank/NAME``."""

from __future__ import annotations

import contextlib
from typing import Annotated, Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from pydantic import BaseModel, Field

from moderation.exceptions import UnknownBank
from moderation.http.hma.answering import body, view
from moderation.http.keys import key_of
from moderation.models import ApiKey, Bank
from moderation.services.access import keys
from moderation.services.banks import banks as service

Ratio = Annotated[float, Field(allow_inf_nan=False)]
CURATE, LOWER = ApiKey.Scope.CURATE, ApiKey.Scope.LOWER


class NewBank(BaseModel):
    """A bank that is made. A ratio may come as text."""

    name: str
    enabled_ratio: Ratio | None = 1.0
    enabled: bool | None = None


class ChangedBank(BaseModel):
    """What is changed of a bank."""

    name: str | None = None
    enabled_ratio: Ratio | None = None
    enabled: bool | None = None


def listed(request: HttpRequest) -> HttpResponse:
    """List banks."""
    return JsonResponse([shown(bank) for bank in service.banks(key_of(request).tenant)], safe=False)


def create(request: HttpRequest) -> HttpResponse:
    """Make a bank."""
    given, key = body(request, NewBank), key_of(request)
    ratio = given.enabled_ratio
    if ratio is None:
        ratio = 0.0 if given.enabled is False else 1.0
    made = service.create(tenant=key.tenant, name=given.name, enabled_ratio=ratio, actor_id=key.actor_id)
    return JsonResponse(shown(made), status=201)


def one(request: HttpRequest, bank: str) -> HttpResponse:
    """Show a bank."""
    return JsonResponse(shown(service.bank_named(key_of(request).tenant, bank)))


def change(request: HttpRequest, bank: str) -> HttpResponse:
    """Rename a bank, or change its ratio; to make it smaller shows less, so it wants the scope that lowers."""
    key = key_of(request)
    found, given = service.bank_named(key.tenant, bank), body(request, ChangedBank)
    ratio = None if given.enabled is None else float(given.enabled)
    if given.enabled_ratio is not None:
        ratio = given.enabled_ratio
    if ratio is not None and ratio < found.enabled_ratio:
        keys.demand(key, LOWER)
    return JsonResponse(shown(service.change(found, name=given.name, enabled_ratio=ratio)))


def delete(request: HttpRequest, bank: str) -> HttpResponse:
    """Delete a bank; also one that is not there is answered with success."""
    key = key_of(request)
    keys.demand(key, LOWER)
    with contextlib.suppress(UnknownBank):
        service.delete(service.bank_named(key.tenant, bank), actor_id=key.actor_id)
    return JsonResponse({"message": "Done"})


def shown(bank: Bank) -> dict[str, Any]:
    """Return a bank in this API's shape."""
    return {"name": bank.name, "matching_enabled_ratio": bank.enabled_ratio}


banks_view = view(CURATE, get=listed, post=create)
bank_view = view(CURATE, get=one, put=change, delete=delete)
