"""Pictures that are kept private, screened, published or not, and objected to."""

from __future__ import annotations

import hashlib
import json
import mimetypes
import re
from typing import Annotated, Any

from django.http import FileResponse, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from ninja import Header, Query, Router, Status

from moderation import api, models, storage
from moderation.exceptions import UnknownUpload
from moderation.http.bodies import SentPicture, read_picture
from moderation.http.keys import KeyAuth, key_of
from moderation.http.once import HEADER, once
from moderation.http.v1.documented import PICTURE_BODY, PICTURE_PROBLEMS, problems
from moderation.http.v1.schemas import AppealText, Name, OwnerId, Upload
from moderation.models import ApiKey
from moderation.services.desk import review
from moderation.services.files import area_of
from moderation.services.uploads import intake
from moderation.services.uploads.intake import Submitter, Target

router = Router(tags=["uploads"])
AUTH = KeyAuth(ApiKey.Scope.UPLOAD)
VERDICTS = {"approved": "allow", "held": "hold", "rejected": "block", "refused": "refused"}
REFERENCE = re.compile(rf"[{intake.ALPHABET}]{{4}}-[{intake.ALPHABET}]{{4}}")
OWNER_TYPE = "http-api"
"""With the tenant the type of an owner that another site names: no app can be called so."""


@router.post(
    "/uploads",
    auth=AUTH,
    response={201: Upload, 202: Upload},
    operation_id="submit",
    summary="Submit a picture",
    openapi_extra={**PICTURE_BODY, "responses": problems(409, *PICTURE_PROBLEMS)},
)
def submit(
    request: HttpRequest,
    response: HttpResponse,
    owner: Annotated[
        OwnerId, Query("", description="Whoever uploads it, by an id of your site: limits are theirs.")
    ] = "",
    idempotency_key: Annotated[Name | None, Header(alias=HEADER)] = None,
) -> Status[Any]:
    """Keep a picture private and screen it: 201 with its verdict, or 202 while it waits for one."""
    picture = read_picture(request)
    answer = once(
        request,
        response,
        name=idempotency_key,
        body=picture.data,
        work=lambda: _submitted(key_of(request), picture, owner),
    )
    reference = answer.value["reference"] if isinstance(answer.value, dict) else answer.value.reference
    response["Location"] = f"{request.path.rstrip('/')}/{reference}"
    return answer


def _submitted(key: ApiKey, picture: SentPicture, owner: str) -> Status[Any]:
    submitter = Submitter(
        owner_type=f"{OWNER_TYPE}.{key.tenant}" if owner else "",
        owner_id=owner,
        file_name=picture.name,
        tenant=key.tenant,
    )
    upload = intake.submit(data=picture.data, size=picture.size, submitter=submitter, target=Target())
    return Status(202 if upload.status == "pending" else 201, _shown(upload))


@router.get(
    "/uploads/{reference}",
    auth=AUTH,
    response={200: Upload, 304: None},
    operation_id="upload",
    summary="Follow an upload",
    openapi_extra={"responses": problems(404)},
)
def upload(request: HttpRequest, response: HttpResponse, reference: str) -> Status[Any]:
    """Say where an upload stands. Send the `ETag` as `If-None-Match` to hear only of changes."""
    shown = _shown(_own(request, reference))
    content = json.dumps(shown.model_dump(mode="json"), sort_keys=True).encode()
    tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    response["ETag"] = tag
    response["Cache-Control"] = "private, no-cache"
    known = [one.strip().removeprefix("W/") for one in request.headers.get("If-None-Match", "").split(",")]
    return Status(304, None) if tag in known or "*" in known else Status(200, shown)


@router.get(
    "/uploads/{reference}/file",
    auth=AUTH,
    operation_id="file",
    summary="The published file",
    response={200: None},
    openapi_extra={"responses": {200: {"content": {"image/*": {}}, "description": "OK"}, **problems(404)}},
)
def file(request: HttpRequest, reference: str) -> HttpResponseBase:
    """Return the re-encoded picture of an approved upload; 404 for any other."""
    row = _own(request, reference)
    if not row.published:
        raise UnknownUpload("No file of this upload is published.")
    try:
        opened = storage.storage_of(area_of(row)).open(row.published)
    except FileNotFoundError as error:
        raise UnknownUpload("No file of this upload is published.") from error
    kind = mimetypes.guess_type(row.published)[0] or "application/octet-stream"
    response = FileResponse(opened, content_type=kind)
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


@router.delete(
    "/uploads/{reference}",
    auth=AUTH,
    response={204: None},
    operation_id="withdraw",
    summary="Withdraw an upload",
    openapi_extra={"responses": problems(404)},
)
def withdraw(request: HttpRequest, reference: str) -> Status[Any]:
    """Take a picture away: no file of it stays public, and nothing waits to be decided. Twice is as once."""
    intake.withdraw_upload(upload_id=_own(request, reference).pk)
    return Status(204, None)


@router.post(
    "/uploads/{reference}/appeal",
    auth=AUTH,
    response={201: Upload},
    operation_id="appeal",
    summary="Object to a rejection",
    openapi_extra={"responses": problems(404, 409, 413)},
)
def appeal(request: HttpRequest, reference: str, body: AppealText) -> Status[Any]:
    """Ask, once and with a sentence, that another moderator looks at a rejected picture."""
    row = _own(request, reference)
    review.ask_for_review(upload=row, text=body.text)
    return Status(201, _shown(_own(request, reference)))


def _own(request: HttpRequest, reference: str) -> models.Upload:
    """Return the tenant's upload. Another tenant's is as unknown as one that is not there."""
    rows = models.Upload.objects.filter(tenant=key_of(request).tenant).select_related("blocklist", "appeal")
    row = rows.filter(reference=reference).first() if REFERENCE.fullmatch(reference) else None
    if row is None:
        raise UnknownUpload
    return row


def _shown(row: models.Upload) -> Upload:
    said = api.described(row)
    return Upload(
        reference=said.reference,
        status=said.status,
        verdict=VERDICTS.get(said.status),
        message=said.message,
        url=said.url,
        submitted_at=said.submitted_at,
        withdrawn=row.withdrawn_at is not None,
        may_appeal=said.may_appeal,
        appeal=said.appeal,
    )
