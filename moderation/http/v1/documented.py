"""What the OpenAPI document says of bodies and problems, which no schema of ours describes."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

BYTES = {"schema": {"type": "string", "format": "binary"}}
PICTURE_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "A JPEG, PNG, GIF, WebP or AVIF file, as it is or as the one file of a form.",
        "content": {
            "image/*": BYTES,
            "application/octet-stream": BYTES,
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "properties": {"file": BYTES["schema"]},
                    "required": ["file"],
                }
            },
        },
    }
}
PICTURE_PROBLEMS = (400, 411, 413, 415, 422, 503)
ALWAYS = (400, 401, 403, 422, 429, 503)
"""What any operation with a key may answer."""


def picture_or(json: str) -> dict[str, Any]:
    """Describe a body that is a picture, or JSON of the schema with this name."""
    body = PICTURE_BODY["requestBody"]
    reference = {"schema": {"$ref": f"#/components/schemas/{json}"}}
    return {"requestBody": {**body, "content": {**body["content"], "application/json": reference}}}


def problems(*statuses: int) -> dict[int, dict[str, Any]]:
    """Describe these problems, beside those that any operation may answer."""
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {
        status: {"description": HTTPStatus(status).phrase, "content": content}
        for status in sorted({*ALWAYS, *statuses})
    }
