"""Rows of the history, ready to be shown or exported: names instead of ids, sentences instead of codes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from moderation.admin.verdict_text import reason_in_words
from moderation.models import (
    AuditRecord,
    BlocklistChange,
    Decision,
    Match,
    PersonalData,
    Refusal,
    Screening,
    Upload,
)
from moderation.selectors import audit, user_names

KIND_NAMES = {
    "screening": Screening._meta.verbose_name,
    "decision": Decision._meta.verbose_name,
    "refusal": Refusal._meta.verbose_name,
    "blocklistchange": BlocklistChange._meta.verbose_name,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the audit log."""

    kind: str
    pk: int
    when: datetime
    url: str
    kind_name: str
    outcome: str
    """Verdict, kind of decision or of change: a machine code."""
    outcome_name: str
    reason: str
    reason_code: str
    reference: str
    upload_id: int | None
    moderator: str
    owner: str
    banned_id: int | None
    blocklist: str
    method: str
    distance: int | None
    radius: int | None
    measure: str
    variant: str
    revision: int | None
    note: str
    seal: int | None
    """Position in the chain."""


Names = dict[tuple[str, str], str]
"""(model label, id) → what the host calls that person."""


def names_in(records: Sequence[AuditRecord], *others: tuple[str, str]) -> Names:
    """Return the names of all people in these rows, and of ``others``; one query for each model of people."""
    return user_names.owners([*map(_owner_of, records), *map(_actor, records), *others])


def rows_for(
    records: Sequence[AuditRecord], *, of: Upload | None = None, names: Names | None = None
) -> list[Row]:
    """Return the rows to show. Three queries, however many; one less where all are about the upload ``of``, and one
    less with the ``names`` from :func:`names_in`."""
    uploads = {pk for record in records if (pk := _upload(record)) is not None}
    references = {of.pk: of.reference} if of else {}
    if missing := uploads - set(references):
        references |= dict(Upload.objects.filter(pk__in=missing).values_list("pk", "reference"))
    names = names_in(records) if names is None else names
    seals = audit.seals_of(records)
    result = []
    for record in records:
        kind = audit.kind_of(record)
        seal = seals.get((kind, record.pk))
        upload = _upload(record)
        values = {
            "kind": kind,
            "pk": record.pk,
            "when": record.created_at,
            "url": reverse(f"admin:moderation_{kind}_change", args=[record.pk]),
            "kind_name": str(KIND_NAMES[kind]),
            "reference": references.get(upload or 0, ""),
            "upload_id": upload,
            "moderator": names.get(_actor(record), _actor(record)[1]),
            "owner": names.get(_owner_of(record), ""),
            "seal": seal.position if seal else None,
        }
        result.append(Row(**(EMPTY | values | _details(record))))
    return result


EMPTY: dict[str, Any] = {
    "reason": "",
    "reason_code": "",
    "banned_id": None,
    "blocklist": "",
    "method": "",
    "distance": None,
    "radius": None,
    "measure": "",
    "variant": "",
    "revision": None,
    "note": "",
}


def _upload(record: AuditRecord) -> int | None:
    return getattr(record, "upload_id", None)


def _owner_of(record: AuditRecord) -> tuple[str, str]:
    personal: PersonalData | None = record.personal
    return (personal.owner_type, personal.owner_id) if personal else ("", "")


def _actor(record: AuditRecord) -> tuple[str, str]:
    return user_names.moderator_label(), getattr(record, "actor_id", "")


def _details(record: AuditRecord) -> dict[str, Any]:
    match record:
        case Screening():
            return _of_screening(record)
        case Decision():
            return {
                "outcome": record.kind,
                "outcome_name": record.get_kind_display(),
                "reason": reason_in_words(record.reason),
                "reason_code": record.reason,
                "banned_id": record.banned_id,
                "revision": record.revision,
                "note": record.personal.text if record.personal else "",
            }
        case BlocklistChange():
            return {
                "outcome": record.kind,
                "outcome_name": record.get_kind_display(),
                "banned_id": record.banned_id,
                "blocklist": record.blocklist,
                "revision": record.revision,
                "note": record.personal.text if record.personal else "",
            }
        case Refusal():
            return {
                "outcome": "refused",
                "outcome_name": _("turned away"),
                "reason": reason_in_words(record.reason),
                "reason_code": record.reason,
            }
    return {"outcome": "", "outcome_name": ""}


def _of_screening(record: Screening) -> dict[str, Any]:
    leading = leading_match(record)
    found: dict[str, Any] = {
        "outcome": record.verdict,
        "outcome_name": record.get_verdict_display(),
        "reason": reason_in_words(record.reason),
        "reason_code": record.reason,
        "revision": record.revision,
    }
    if leading is not None:
        found |= {
            "banned_id": leading.banned_id,
            "blocklist": leading.blocklist,
            "method": leading.method,
            "distance": leading.distance,
            "radius": leading.radius,
            "measure": leading.measure,
            "variant": leading.variant,
        }
    return found


def leading_match(screening: Screening) -> Match | None:
    """Return the match that decided; of a screening whose matches are prefetched."""
    return next((match for match in screening.matches.all() if not match.set_aside), None)
