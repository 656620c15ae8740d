"""``/m/``: look-ups, comparison, state of the index."""

from __future__ import annotations

import json
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from pydantic import BaseModel

from moderation.domain.fingerprints import hamming
from moderation.http.bodies import read_json
from moderation.http.hma import media, remote
from moderation.http.hma.answering import Refused, query, view
from moderation.http.keys import key_of
from moderation.models import ApiKey
from moderation.services.banks import lookups
from moderation.services.banks.lookups import CONFIDENT, Found


class RawQuery(BaseModel):
    """A hash, without regard to what is disabled."""

    signal: str
    signal_type: str
    banks: str | None = None
    include_distance: bool = False


class LookupQuery(BaseModel):
    """A hash or a picture elsewhere."""

    url: str | None = None
    content_type: str | None = None
    types: str | None = None
    signal: str | None = None
    signal_type: str | None = None
    banks: str | None = None
    seed: str | None = None
    bypass_coinflip: bool = False


def raw_lookup(request: HttpRequest) -> HttpResponse:
    """Look a hash up; ids, or ids with distances."""
    media.need_whole()
    given = query(request, RawQuery)
    media.check_signal_type(given.signal_type)
    found = lookups.search(
        media.bits_of(given.signal), tenant=key_of(request).tenant, banks=_banks(given.banks)
    )
    if given.include_distance:
        return JsonResponse({"matches": [_shown(one) for one in found]})
    return JsonResponse({"matches": [one.number for one in found]})


def lookup_get(request: HttpRequest) -> HttpResponse:
    """Look a hash up by bank; by URL keyed by the signal type first."""
    media.need_whole()
    given = query(request, LookupQuery)
    if given.url:
        data = remote.picture(given.url, content_type=given.content_type, types=given.types)
        found = _by_picture(request, data, given)
        return JsonResponse(found if given.signal_type is None else found.get(given.signal_type, {}))
    if not given.signal or not given.signal_type:
        raise Refused("Either url or both signal and signal_type are required")
    media.check_signal_type(given.signal_type)
    return JsonResponse(_by_bank(request, media.bits_of(given.signal), given))


def lookup_post(request: HttpRequest) -> HttpResponse:
    """Look the file of a form up."""
    media.need_whole()
    return JsonResponse(_by_picture(request, media.picture_of_form(request), query(request, LookupQuery)))


def _by_picture(request: HttpRequest, data: bytes, given: LookupQuery) -> dict[str, Any]:
    signal = media.hash_of(data)
    if not signal:
        raise Refused("invalid signal: invalid PDQ hash")
    return {media.PDQ: _by_bank(request, media.bits_of(signal), given)}


def _by_bank(request: HttpRequest, bits: bytes, given: LookupQuery) -> dict[str, list[dict[str, Any]]]:
    found = lookups.matches(
        bits,
        tenant=key_of(request).tenant,
        banks=_banks(given.banks),
        seed=given.seed,
        all_banks=given.bypass_coinflip,
    )
    banks: dict[str, list[dict[str, Any]]] = {}
    for one in found:
        banks.setdefault(one.bank, []).append(_shown(one))
    return banks


def _banks(given: str | None) -> list[str] | None:
    return given.split(",") if given else None


def _shown(found: Found) -> dict[str, Any]:
    return {"bank_content_id": found.number, "distance": str(found.distance)}


def index_status(request: HttpRequest) -> HttpResponse:
    """Say what the index of this process holds; it is brought to the committed revision first."""
    chosen = request.GET.get("signal_type", media.PDQ)
    if chosen != media.PDQ:
        raise Refused(f"No such signal type '{chosen}'")
    size, revision = lookups.size()
    return JsonResponse(
        {media.PDQ: {"present": size > 0, "built_to": revision if size else -1, "size": size}}
    )


def compare(request: HttpRequest) -> HttpResponse:
    """Measure the distance of two hashes."""
    try:
        given: Any = json.loads(read_json(request))
    except (ValueError, RecursionError):
        raise Refused("The body is no JSON.") from None
    if not isinstance(given, dict):
        raise Refused("Request input was not a dict")
    return JsonResponse({name: _compared(name, pair) for name, pair in given.items()})


def _compared(name: str, pair: Any) -> list[Any]:
    if not isinstance(pair, list):
        raise Refused(f"Comparison hashes for {name} was not a list")
    if len(pair) != 2:
        raise Refused("Comparison hash list length must be exactly 2")
    media.check_signal_type(name)
    if not all(isinstance(one, str) for one in pair):
        raise Refused(f"Invalid {name} hash: invalid PDQ hash")
    distance = hamming(media.bits_of(pair[0]), media.bits_of(pair[1]))
    return [distance <= CONFIDENT, {"distance": distance}]


raw_lookup_view = view(ApiKey.Scope.MATCH, get=raw_lookup)
lookup_view = view(ApiKey.Scope.MATCH, get=lookup_get, post=lookup_post)
index_status_view = view(ApiKey.Scope.MATCH, get=index_status)
compare_view = view(ApiKey.Scope.MATCH, post=compare)
