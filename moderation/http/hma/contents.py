"""``/c/bank/NAME/content`` and ``/signal``."""

from __future__ import annotations

import json
import time
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from moderation.http.bodies import FORM, read_json
from moderation.http.hma import media, remote
from moderation.http.hma.answering import Refused, view
from moderation.http.hma.banks import CURATE, LOWER, shown
from moderation.http.keys import key_of
from moderation.models import Bank, BannedImage
from moderation.services.access import keys
from moderation.services.banks import banks, contents

LONGEST_NOTE = 255
FIVE_YEARS = 5 * 365 * 24 * 3600


class Metadata(BaseModel):
    """What a client wants to remember of a content."""

    model_config = ConfigDict(extra="forbid")

    content_id: str | None = None
    content_uri: str | None = None
    json_data: dict[str, Any] | None = Field(None, alias="json")


def add_content(request: HttpRequest, bank: str) -> HttpResponse:
    """Put a picture, of a form or of a URL, into a bank."""
    media.need_whole()
    key = key_of(request)
    found = banks.bank_named(key.tenant, bank)
    is_form = request.content_type == FORM
    data = None
    if url := request.GET.get("url"):
        said = {} if is_form else _json(request)
        note, metadata = _note(said.get("note")), _metadata(said.get("metadata"))
        content_type, types = request.GET.get("content_type"), request.GET.get("types")
        data = remote.picture(url, content_type=content_type, types=types)
    elif is_form:
        data = media.picture_of_form(request)
        note = _note(request.POST.get("note"))
        metadata = _metadata(_parsed(request.POST["metadata"]) if "metadata" in request.POST else None)
    else:
        raise Refused("Neither `url` nor multipart file upload was received")
    signal = media.hash_of(data)
    if not signal:
        raise Refused("Invalid pdq signal: invalid PDQ hash")
    entry = contents.add_picture(bank=found, data=data, actor_id=key.actor_id, note=note, metadata=metadata)
    return JsonResponse({"id": entry.pk, "signals": {media.PDQ: signal}})


def add_signal(request: HttpRequest, bank: str) -> HttpResponse:
    """Put a hash into a bank."""
    media.need_whole()
    key = key_of(request)
    found, said = banks.bank_named(key.tenant, bank), _json(request)
    note = _note(said.pop("note", None))
    if not said:
        raise Refused("No signals given")
    if others := [name for name in said if name != media.PDQ]:
        raise Refused(f"No such signal type {others[0]}")
    signal = said[media.PDQ]
    if not isinstance(signal, str) or not media.HEX.fullmatch(signal):
        raise Refused("Invalid pdq signal: invalid PDQ hash")
    entry = contents.add_hash(bank=found, bits=bytes.fromhex(signal), actor_id=key.actor_id, note=note)
    return JsonResponse({"id": entry.pk, "signals": {media.PDQ: signal}})


def one(request: HttpRequest, bank: str, number: int) -> HttpResponse:
    """Show a content."""
    found = banks.bank_named(key_of(request).tenant, bank)
    entry = contents.content(found, number)
    content = _content(found, entry)
    if request.GET.get("include_signals", "").lower() == "true" and (bits := contents.signal_of(entry)):
        content["signals"] = {media.PDQ: bits.hex()}
    metadata = contents.said_of(entry).metadata
    if metadata and request.GET.get("include_metadata", "true").lower() == "true":
        content["metadata"] = {
            "content_id": metadata.get("content_id"),
            "content_uri": metadata.get("content_uri"),
            "json": metadata.get("json"),
            "collab": None,
        }
    return JsonResponse(content)


def change(request: HttpRequest, bank: str, number: int) -> HttpResponse:
    """Change the note, or disable a content for a time, which wants the scope that lowers."""
    key = key_of(request)
    found = banks.bank_named(key.tenant, bank)
    entry, said = contents.content(found, number), _json(request)
    changes: dict[str, Any] = {}
    if "disable_until_ts" in said:
        changes["disabled_until"] = _moment(said["disable_until_ts"])
        if changes["disabled_until"] > contents.said_of(entry).disabled_until:
            keys.demand(key, LOWER)
    if "note" in said:
        changes["note"] = _note(said["note"])
    if changes:
        contents.change(entry, **changes)
    return JsonResponse(_content(found, contents.content(found, number)))


def delete(request: HttpRequest, bank: str, number: int) -> HttpResponse:
    """Take a content out of a bank: the entry is retired."""
    key = key_of(request)
    keys.demand(key, LOWER)
    found = banks.bank_named(key.tenant, bank)
    return JsonResponse({"deleted": contents.remove(bank=found, number=number, actor_id=key.actor_id)})


def _content(bank: Bank, entry: BannedImage) -> dict[str, Any]:
    said = contents.said_of(entry)
    content: dict[str, Any] = {
        "id": entry.pk,
        "disable_until_ts": said.disabled_until,
        "original_media_uri": None,
        "bank": shown(bank),
    }
    return content | ({"note": said.note} if said.note else {})


def _json(request: HttpRequest) -> dict[str, Any]:
    raw = read_json(request)
    given = _parsed(raw.decode("utf-8", "replace")) if raw.strip() else {}
    if not isinstance(given, dict):
        raise Refused("The body is no JSON object.")
    return given


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise Refused("metadata form field must be valid JSON") from None


def _metadata(given: Any) -> dict[str, Any] | None:
    if given is None:
        return None
    if not isinstance(given, dict):
        raise Refused("metadata should be a json object")
    try:
        found = Metadata.model_validate({name: value for name, value in given.items() if name != "collab"})
    except ValidationError as error:
        raise Refused(f"Invalid metadata: {error.errors()[0]['msg']}") from error
    text = json.dumps(given)
    if "\\u0000" in text:
        raise Refused("Invalid metadata: it holds a NUL character")
    return found.model_dump(by_alias=True, exclude_none=True)


def _note(given: Any) -> str:
    if not given:
        return ""
    if not isinstance(given, str) or "\0" in given:
        raise Refused("note should be a string")
    if len(given) > LONGEST_NOTE:
        raise Refused("note must be at most 255 characters")
    return given


def _moment(given: Any) -> int:
    try:
        moment = int(given)
    except (TypeError, ValueError, OverflowError):
        raise Refused(f"Invalid int: '{given}'") from None
    if moment < 0:
        raise Refused("disable_until_ts must be a non-negative integer")
    if moment > time.time() + FIVE_YEARS:
        raise Refused("disable_until_ts must be less than 5 years in the future")
    return moment


content_view = view(CURATE, post=add_content)
signal_view = view(CURATE, post=add_signal)
one_view = view(CURATE, get=one, put=change, delete=delete)
