"""Entries of the tenant's blocklists: read, added, withdrawn."""

from __future__ import annotations

from typing import Annotated, Any

from django.http import HttpRequest, HttpResponse
from ninja import Header, Path, Query, Router, Status
from ninja.errors import ValidationError
from pydantic import ValidationError as Invalid

from moderation.domain.fingerprints import parse_code
from moderation.exceptions import UnknownEntry
from moderation.http.bodies import read_json, read_picture
from moderation.http.cursors import page
from moderation.http.keys import KeyAuth, key_of
from moderation.http.once import HEADER, once
from moderation.http.v1.documented import PICTURE_PROBLEMS, picture_or, problems
from moderation.http.v1.schemas import (
    Ban,
    BanByHash,
    Cursor,
    Entries,
    Entry,
    Future,
    Limit,
    LongText,
    Name,
    Number,
    ShortText,
    Slug,
)
from moderation.models import ApiKey, BannedImage, Blocklist
from moderation.selectors import tenants
from moderation.services.access import keys
from moderation.services.blocklists import banning, codes, enrolment
from moderation.services.blocklists import blocklist as blocklists
from moderation.services.blocklists.banning import BanResult, EntryOptions

router = Router(tags=["bans"])
CURATE = KeyAuth(ApiKey.Scope.CURATE)


@router.get(
    "/bans",
    auth=CURATE,
    response=Entries,
    operation_id="bans",
    summary="List bans",
    openapi_extra={"responses": problems(404)},
)
def listed(
    request: HttpRequest,
    blocklist: Annotated[Slug, Query("", description="Only of this one.")] = "",
    cursor: Cursor = "",
    limit: Limit = 50,
) -> Entries:
    """Page through the active entries of your blocklists, the newest first."""
    tenant = key_of(request).tenant
    lists = [tenants.blocklist(tenant, blocklist)] if blocklist else tenants.blocklists(tenant)
    rows = BannedImage.objects.active().filter(blocklist__in=lists)
    found, following = page(rows.select_related("blocklist"), cursor=cursor, limit=limit)
    return Entries(items=[_entry(row) for row in found], next=following)


@router.post(
    "/bans",
    auth=CURATE,
    response={200: Ban, 201: Ban, 202: Ban},
    operation_id="ban",
    summary="Ban a picture, or a hash",
    openapi_extra={**picture_or("BanByHash"), "responses": problems(404, 409, *PICTURE_PROBLEMS)},
)
def add(
    request: HttpRequest,
    response: HttpResponse,
    blocklist: Annotated[Slug, Query("default", description="Short name of one of your lists.")] = "default",
    reason: Annotated[ShortText, Query("", description="A word for the desk.")] = "",
    label: Annotated[ShortText, Query("", description="What the desk calls the entry.")] = "",
    note: Annotated[LongText, Query("", description="For colleagues.")] = "",
    exact_only: Annotated[bool, Query(description="The only way to ban a flat picture.")] = False,
    expires_at: Annotated[Future | None, Query(description="With its time zone; else never.")] = None,
    idempotency_key: Annotated[Name | None, Header(alias=HEADER)] = None,
) -> Status[Any]:
    """Ban: the next screening, on any worker, sees it, and earlier uploads are searched. 201, or 200 where the
    list has it already, or 202 where it would hit so many that a second person has to confirm it on the desk."""
    key = key_of(request)
    chosen = tenants.blocklist(key.tenant, blocklist)
    if chosen.action == Blocklist.Action.ALLOW:
        # An entry of it makes pictures pass.
        keys.demand(key, ApiKey.Scope.LOWER)
    options = EntryOptions(
        label=label, reason=reason, note=note, exact_only=exact_only, expires_at=expires_at
    )
    if request.content_type == "application/json":
        body = read_json(request)
        work = lambda: _by_hash(body, chosen, options, key)  # noqa: E731 -- the other branch's twin
    else:
        body = read_picture(request).data
        work = lambda: _by_picture(body, chosen, options, key)  # noqa: E731
    return once(request, response, name=idempotency_key, body=body, work=work)


def _by_picture(data: bytes, blocklist: Blocklist, options: EntryOptions, key: ApiKey) -> Status[Any]:
    picture = enrolment.picture_from_bytes(data, source="api")
    result = banning.ban(picture=picture, blocklist=blocklist, actor_id=key.actor_id, options=options)
    return _answer(result, blocklist)


def _by_hash(body: bytes, blocklist: Blocklist, options: EntryOptions, key: ApiKey) -> Status[Any]:
    try:
        given = BanByHash.model_validate_json(body)
        bits = parse_code(given.algorithm, given.hash)
    except Invalid as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
        raise ValidationError([{"loc": ("body", *one["loc"]), "msg": one["msg"]} for one in found]) from error
    except ValueError as error:
        raise ValidationError([{"loc": ("body", "hash"), "msg": str(error)}]) from error
    return _answer(
        codes.ban_code(
            algorithm=given.algorithm, bits=bits, blocklist=blocklist, actor_id=key.actor_id, options=options
        ),
        blocklist,
    )


def _answer(result: BanResult, blocklist: Blocklist) -> Status[Any]:
    waits = result.entry is None
    ban = Ban(
        id=None if result.entry is None else result.entry.pk,
        blocklist=blocklist.slug,
        created=result.created,
        waiting=waits,
        revision=result.revision,
    )
    return Status(202 if waits else 201 if result.created else 200, ban)


@router.delete(
    "/bans/{number}",
    auth=KeyAuth(ApiKey.Scope.CURATE, ApiKey.Scope.LOWER),
    response={204: None},
    operation_id="unban",
    summary="Withdraw a ban",
    openapi_extra={"responses": problems(404)},
)
def remove(
    request: HttpRequest,
    number: Annotated[Number, Path()],
    reason: Annotated[ShortText, Query("", description="A word for the desk.")] = "",
) -> Status[Any]:
    """Retire an entry: it matches nothing any more, and stays in the history. Twice is as once."""
    key = key_of(request)
    mine = BannedImage.objects.filter(pk=number, blocklist__in=tenants.blocklists(key.tenant))
    if not mine.exists():
        raise UnknownEntry
    blocklists.unban(banned_id=number, actor_id=key.actor_id, reason=reason, note=reason)
    return Status(204, None)


def _entry(row: BannedImage) -> Entry:
    return Entry(
        id=row.pk,
        blocklist=row.blocklist.slug,
        label=row.label,
        reason=row.reason,
        source=row.source,
        exact_only=row.exact_only,
        created_at=row.created_at,
        expires_at=row.expires_at,
    )
