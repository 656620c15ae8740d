"""What goes in and comes out, as the OpenAPI document says it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from ninja import Schema
from pydantic import AfterValidator, AwareDatetime, ConfigDict, Field, StringConstraints

LARGEST = (1 << 63) - 1
"""What a number of a row can be."""


def _future(moment: datetime) -> datetime:
    from django.utils import timezone

    if moment <= timezone.now():
        raise ValueError("This moment has passed already.")
    return moment


NO_NUL = r"^[^\x00]*$"
"""PostgreSQL stores none."""

ShortText = Annotated[str, StringConstraints(max_length=200, pattern=NO_NUL)]
LongText = Annotated[str, StringConstraints(max_length=4_000, pattern=NO_NUL)]
OwnerId = Annotated[str, StringConstraints(max_length=64, pattern=NO_NUL)]
Slug = Annotated[str, StringConstraints(max_length=50, pattern=r"^[-a-zA-Z0-9_]*$")]
Name = Annotated[str, StringConstraints(max_length=255, pattern=r"^[\x20-\x7e]*$")]
Cursor = Annotated[str, StringConstraints(max_length=40, pattern=r"^[-_A-Za-z0-9]*$")]
Limit = Annotated[int, Field(ge=1, le=100)]
Number = Annotated[int, Field(ge=1, le=LARGEST)]
Future = Annotated[AwareDatetime, AfterValidator(_future)]


class Problem(Schema):
    """RFC 9457."""

    type: str
    title: str
    status: int
    code: str = Field(description="Stable; the reference of errors lists them.")
    detail: str = Field(description="What to do next. May be reworded.")
    errors: list[dict[str, Any]] | None = Field(None, description="The parts of the request that are wrong.")


class Verdict(Schema):
    """What a screening says; nothing was stored."""

    verdict: str = Field(description="`allow`, `hold` or `block`.")
    reason: str = Field(description="A short code.")
    policy_text: str = Field(description="What an uploader may read; empty where no list speaks.")
    revision: int = Field(description="Of the blocklists, at which it was judged.")


class Upload(Schema):
    """A picture that was submitted. Never a distance, a hash, or which image matched."""

    reference: str
    status: str = Field(description="`pending`, `approved`, `held`, `rejected` or `refused`.")
    verdict: str | None = Field(description="`allow`, `hold`, `block`, `refused`; null while it is pending.")
    message: str = Field(description="What its uploader may read.")
    url: str | None = Field(description="Of the published file; signed where the storage signs.")
    submitted_at: datetime
    withdrawn: bool
    may_appeal: bool
    appeal: str | None = Field(description="`open`, `granted`, `denied`, or null where nobody objected.")


class AppealText(Schema):
    """Why a rejection should be looked at again."""

    model_config = ConfigDict(extra="forbid")

    text: Annotated[
        str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1_000, pattern=NO_NUL)
    ]


class BanByHash(Schema):
    """A hash that is banned, of which no picture is at hand."""

    model_config = ConfigDict(extra="forbid")

    algorithm: ShortText = Field(description="Name, with or without version: `pdq`, `dhash256/1`.")
    hash: ShortText = Field(description="Hexadecimal, most significant bit first.")


class Ban(Schema):
    """What became of a ban."""

    id: int | None = Field(description="Of the entry; null while the ban waits.")
    blocklist: str
    created: bool = Field(description="False where the list has the picture already, or the ban waits.")
    waiting: bool = Field(
        description="It would hit many earlier uploads: a second person confirms it on the desk."
    )
    revision: int = Field(description="The next screening judges at this one, or a later one.")


class Entry(Schema):
    """An active entry of a blocklist."""

    id: int
    blocklist: str
    label: str
    reason: str
    source: str
    exact_only: bool
    created_at: datetime
    expires_at: datetime | None


class Entries(Schema):
    """One page, the newest first."""

    items: list[Entry]
    next: str | None = Field(description="Cursor of the next page; null on the last one.")


class Decision(Schema):
    """What a person, or a key, decided."""

    id: int
    kind: str
    upload: str | None = Field(description="Reference.")
    ban: int | None
    reason: str
    by: str = Field(description="`person`, `key` or `machine`.")
    revision: int
    created_at: datetime


class Decisions(Schema):
    """One page, the newest first."""

    items: list[Decision]
    next: str | None = Field(description="Cursor of the next page; null on the last one.")
