"""Status, types, exchanges and the list of addresses."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse

from moderation.exceptions import IndexUnavailable
from moderation.http.hma import media
from moderation.http.hma.answering import Refused, message, view
from moderation.http.hma.banks import CURATE
from moderation.services.banks import lookups
from moderation.services.operations import health


def status(request: HttpRequest) -> HttpResponse:
    """Say whether look-ups are answered at the committed revision: the index is asked, not a clock."""
    try:
        media.need_whole()
        lookups.size()
    except Refused:
        return HttpResponse("INDEX-NOT-LOADED", status=503, content_type="text/plain")
    except IndexUnavailable:
        return HttpResponse("INDEX-STALE", status=503, content_type="text/plain")
    if not health.readiness().ready:
        return HttpResponse("NOT-READY", status=503, content_type="text/plain")
    return alive(request)


def alive(_request: HttpRequest) -> HttpResponse:
    """Say that this process answers."""
    return HttpResponse("I-AM-ALIVE", content_type="text/plain")


def signal_types(_request: HttpRequest) -> HttpResponse:
    """List PDQ."""
    return JsonResponse([{"name": media.PDQ, "enabled_ratio": 1.0}], safe=False)


def content_types(_request: HttpRequest) -> HttpResponse:
    """List photographs."""
    return JsonResponse([{"name": media.PHOTO, "enabled": True}], safe=False)


def index_of_types(request: HttpRequest) -> HttpResponse:
    """Say that index and database agree: the index is brought to the committed revision first."""
    chosen = request.GET.get("signal_type", media.PDQ)
    if chosen != media.PDQ:
        raise Refused(f"No such signal type '{chosen}'")
    size, revision = lookups.size()
    return JsonResponse(
        {
            media.PDQ: {
                "db_size": size,
                "index_size": size,
                "index_out_of_date": False,
                "newest_db_item": revision if size else -1,
                "index_built_to": revision if size else -1,
            }
        }
    )


def nothing(_request: HttpRequest) -> HttpResponse:
    """List no exchanges."""
    return JsonResponse([], safe=False)


def no_exchange(_request: HttpRequest, exchange: str) -> HttpResponse:
    """Say that there is no such exchange."""
    return message(f"Exchange '{exchange}' not found", 404)


def exchange_gone(_request: HttpRequest, **_name: str) -> HttpResponse:
    """Delete what is not there, which the original answers with success."""
    return JsonResponse({"message": "Exchange deleted"})


def no_exchanges(_request: HttpRequest) -> HttpResponse:
    """Refuse to make an exchange."""
    return message("No exchange type is installed.", 400)


def no_api(_request: HttpRequest, name: str) -> HttpResponse:
    """Say that there is no such type of exchange."""
    return message(f"no such Exchange API '{name}'", 400)


status_view = view(get=status)
alive_view = view(get=alive)
signal_types_view = view(CURATE, get=signal_types)
content_types_view = view(CURATE, get=content_types)
index_of_types_view = view(CURATE, get=index_of_types)
exchanges_view = view(CURATE, get=nothing, post=no_exchanges)
apis_view = view(CURATE, get=nothing)
exchange_view = view(CURATE, get=no_exchange, put=no_exchange, delete=exchange_gone)
exchange_status_view = view(CURATE, get=no_exchange)
api_view = view(CURATE, get=no_api, post=no_api)
