"""What is in a bank: entries that pictures or hashes have made, with what a client said of them."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from moderation.domain.algorithms import ALGORITHMS
from moderation.domain.whole import NAME
from moderation.exceptions import UnknownContent
from moderation.models import Bank, BankContent, BannedImage, Fingerprint
from moderation.services.blocklists import banning, codes, enrolment
from moderation.services.blocklists import blocklist as blocklists
from moderation.services.blocklists.banning import EntryOptions
from moderation.services.revision import database

QUALIFIED = ALGORITHMS[NAME].qualified


def add_picture(
    *, bank: Bank, data: bytes, actor_id: str, note: str = "", metadata: dict[str, Any] | None = None
) -> BannedImage:
    """Ban a picture onto the bank's list. Raises :class:`FlatPicture`, and children of :class:`ImageRefused` and
    :class:`SandboxFailure`."""
    picture = enrolment.picture_from_bytes(data, source="hma")
    made = banning.ban(
        picture=picture, blocklist=bank.blocklist, actor_id=actor_id, options=EntryOptions(note=note)
    )
    _say(made.banned, note, metadata)
    return made.banned


def add_hash(
    *, bank: Bank, bits: bytes, actor_id: str, note: str = "", metadata: dict[str, Any] | None = None
) -> BannedImage:
    """Ban a PDQ hash onto the bank's list. One that is constant is taken, as the original does: half of the bits of
    any picture with something to see are set, so it matches none."""
    made = codes.ban_code(
        algorithm=NAME,
        bits=bits,
        blocklist=bank.blocklist,
        actor_id=actor_id,
        options=EntryOptions(note=note),
        constant=True,
    )
    _say(made.banned, note, metadata)
    return made.banned


def content(bank: Bank, number: int) -> BannedImage:
    """Return an active entry of the bank. Raises :class:`UnknownContent`."""
    found = (
        BannedImage.objects.active()
        .select_related("bank_content")
        .filter(pk=number, blocklist=bank.blocklist_id)
        .first()
    )
    if found is None:
        raise UnknownContent(f"content '{number}' not found")
    return found


def said_of(entry: BannedImage) -> BankContent:
    """Return what a client said of an entry; an empty row where none did."""
    return getattr(entry, "bank_content", None) or BankContent(banned=entry)


def change(entry: BannedImage, **said: Any) -> BankContent:
    """Change ``note`` or ``disabled_until``."""
    row, _ = BankContent.objects.update_or_create(banned=entry, defaults=said)
    return row


def remove(*, bank: Bank, number: int, actor_id: str) -> int:
    """Retire an entry; how many."""
    active = BannedImage.objects.active().filter(pk=number, blocklist=bank.blocklist_id)
    if not active.exists():
        return 0
    blocklists.unban(banned_id=number, actor_id=actor_id)
    return 1


def signal_of(entry: BannedImage) -> bytes | None:
    """Return the PDQ hash of an entry, of the picture as it was stored; None where there is none."""
    rows = Fingerprint.objects.filter(banned=entry, algorithm=QUALIFIED).order_by("pk")
    found = rows.values_list("bits", flat=True).first()
    return None if found is None else bytes(found)


def _say(entry: BannedImage, note: str, metadata: dict[str, Any] | None) -> None:
    if note or metadata:
        with transaction.atomic(using=database()):
            change(entry, note=note, metadata=metadata or {})
