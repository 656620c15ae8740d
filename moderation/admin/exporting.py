"""The audit log as a file of any length: rows are written as they are read."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
from collections.abc import Iterator
from itertools import islice
from typing import Any

from django.http import StreamingHttpResponse
from django.utils import timezone

from moderation.admin.audit_rows import Row, rows_for
from moderation.selectors import audit
from moderation.selectors.audit_filters import AuditFilter

COLUMNS = (
    "kind",
    "id",
    "when",
    "outcome",
    "reason",
    "reference",
    "uploader",
    "moderator",
    "banned",
    "blocklist",
    "method",
    "distance",
    "radius",
    "variant",
    "revision",
    "note",
    "seal",
)
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""First characters that a spreadsheet takes for a formula."""


def export(wanted: AuditFilter, *, as_csv: bool) -> StreamingHttpResponse:
    """Return what the filter finds, from new to old."""
    rows = _rows(wanted)
    name = f"audit-{timezone.now():%Y%m%d-%H%M%S}.{'csv' if as_csv else 'jsonl'}"
    return StreamingHttpResponse(
        _csv(rows) if as_csv else _json_lines(rows),
        content_type="text/csv; charset=utf-8" if as_csv else "application/jsonl",
        headers={"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"},
    )


def _rows(wanted: AuditFilter) -> Iterator[dict[str, Any]]:
    records = audit.everything(wanted)
    while chunk := list(islice(records, audit.CHUNK)):
        for row in rows_for(chunk):
            yield _values(row)


def _values(row: Row) -> dict[str, Any]:
    values = {field.name: getattr(row, field.name) for field in dataclasses.fields(row)}
    values |= {
        "id": row.pk,
        "when": row.when.isoformat(),
        "reason": row.reason_code,
        "uploader": row.owner,
        "banned": row.banned_id,
    }
    return {name: values[name] for name in COLUMNS}


def _json_lines(rows: Iterator[dict[str, Any]]) -> Iterator[str]:
    for row in rows:
        yield json.dumps(row, ensure_ascii=False) + "\n"


def _csv(rows: Iterator[dict[str, Any]]) -> Iterator[str]:
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, COLUMNS)
    writer.writeheader()
    for row in rows:
        writer.writerow({name: _harmless(value) for name, value in row.items()})
        if buffer.tell() > 16_384:
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue()


def _harmless(value: Any) -> Any:
    if isinstance(value, str) and value.startswith(FORMULA):
        return "'" + value
    return "" if value is None else value
