"""Banks: blocklists under a name that Hasher-Matcher-Actioner's clients know."""

from __future__ import annotations

import re

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from moderation.exceptions import BankExists, BankNameUnsuitable, UnknownBank
from moderation.models import Bank, BannedImage, Blocklist
from moderation.services.blocklists import blocklist as blocklists
from moderation.services.revision import database

NAME = re.compile(r"[A-Z_][A-Z0-9_]{0,99}")


def banks(tenant: str) -> QuerySet[Bank]:
    """Return the tenant's banks in the order in which they were made."""
    return Bank.objects.filter(tenant=tenant).select_related("blocklist")


def bank_named(tenant: str, name: str) -> Bank:
    """Return the bank. Raises :class:`UnknownBank`."""
    found = banks(tenant).filter(name=name).first() if NAME.fullmatch(name) else None
    if found is None:
        raise UnknownBank(f"bank '{name}' not found")
    return found


def create(*, tenant: str, name: str, enabled_ratio: float, actor_id: str) -> Bank:
    """Make a bank: of the tenant's blocklist with this name, if it has one that is no bank yet, else with a fresh
    one that blocks.

    Raises :class:`BankNameUnsuitable` and :class:`BankExists`.
    """
    _check(name)
    if banks(tenant).filter(name=name).exists():
        raise BankExists("Bank already exists")
    try:
        with transaction.atomic(using=database()):
            chosen = _adoptable(tenant, name) or blocklists.change_list(
                blocklist=Blocklist(slug=_free_slug(tenant, name), name=name, tenant=tenant),
                actor_id=actor_id,
            )
            return Bank.objects.create(
                blocklist=chosen, tenant=tenant, name=name, enabled_ratio=enabled_ratio
            )
    except IntegrityError as error:
        raise BankExists("Bank already exists") from error


def change(bank: Bank, *, name: str | None = None, enabled_ratio: float | None = None) -> Bank:
    """Rename a bank, or change in how many look-ups it is named. Raises :class:`BankNameUnsuitable`, :class:`BankExists`."""
    if name is not None:
        _check(name)
        bank.name = name
    if enabled_ratio is not None:
        bank.enabled_ratio = enabled_ratio
    try:
        with transaction.atomic(using=database()):
            bank.save(update_fields=["name", "enabled_ratio"])
    except IntegrityError as error:
        raise BankExists("Bank name already exists") from error
    return bank


def delete(bank: Bank, *, actor_id: str) -> None:
    """Retire every entry and forget the bank; list and entries stay in the history."""
    active = BannedImage.objects.active().filter(blocklist=bank.blocklist_id)
    for pk in list(active.order_by("pk").values_list("pk", flat=True)):
        blocklists.unban(banned_id=pk, actor_id=actor_id, reason="bank deleted")
    bank.delete()


def _check(name: str) -> None:
    if not NAME.fullmatch(name):
        raise BankNameUnsuitable("Bank names must be UPPER_WITH_UNDERSCORE")


def _adoptable(tenant: str, name: str) -> Blocklist | None:
    slugs = {name.lower(), name.lower().replace("_", "-")}
    lists = Blocklist.objects.filter(tenant=tenant, bank__isnull=True, action__in=Blocklist.DECIDING)
    return lists.filter(slug__in=slugs if not tenant else {f"{tenant}-{slug}" for slug in slugs}).first()


def _free_slug(tenant: str, name: str) -> str:
    """Return a short name; one that a deleted bank, or another list, has already gets a number."""
    stem = (f"{tenant}-{name}" if tenant else name).lower()[:44]
    taken = set(Blocklist.objects.filter(slug__startswith=stem).values_list("slug", flat=True))
    return next(
        slug for slug in (stem, *(f"{stem}-{n}" for n in range(2, len(taken) + 3))) if slug not in taken
    )
