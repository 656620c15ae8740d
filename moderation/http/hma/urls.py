"""The addresses. Clients whose base ends in a slash ask for ``//c/banks``, so leading slashes count for nothing."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import URLPattern, re_path

from moderation.http.hma import banks, contents, hashing, matching, state
from moderation.http.hma.answering import View, view

BANK = r"c/bank/(?P<bank>[^/]+)"
VIEWS: dict[str, View] = {
    r"status": state.status_view,
    r"status/live": state.alive_view,
    r"h/hash": hashing.hash_view,
    r"m/raw_lookup": matching.raw_lookup_view,
    r"m/lookup": matching.lookup_view,
    r"m/index/status": matching.index_status_view,
    r"m/compare": matching.compare_view,
    r"c/banks": banks.banks_view,
    BANK: banks.bank_view,
    BANK + r"/content": contents.content_view,
    BANK + r"/signal": contents.signal_view,
    BANK + r"/content/(?P<number>[0-9]{1,18})": contents.one_view,
    r"c/signal_type": state.signal_types_view,
    r"c/signal_type/index": state.index_of_types_view,
    r"c/content_type": state.content_types_view,
    r"c/exchanges": state.exchanges_view,
    r"c/exchanges/apis": state.apis_view,
    r"c/exchanges/api/(?P<name>[^/]+)(?:/schema)?": state.api_view,
    r"c/exchange/(?P<exchange>[^/]+)": state.exchange_view,
    r"c/exchange/(?P<exchange>[^/]+)/status": state.exchange_status_view,
}


def site_map(_request: HttpRequest) -> HttpResponse:
    """List the addresses in the original's notation."""
    names = [path.replace("(?P", "").replace("[^/]+)", "").replace("[0-9]{1,18})", "") for path in VIEWS]
    return JsonResponse(
        sorted(f"/{name.replace('(?:/schema)?', '')}" for name in [*names, "site-map"]), safe=False
    )


VIEWS[r"site-map"] = view(get=site_map)
urlpatterns: list[URLPattern] = [re_path(rf"^(?:/*){path}/?$", answer) for path, answer in VIEWS.items()]
