"""Keys of other servers: made, recognised, withdrawn.

A key is ``ib_PREFIX_SECRET``. The prefix is stored and shown; of the whole only the SHA-256 is kept, and
compared in constant time. The secret has 256 random bits, so no slow hash is needed to keep it from
being guessed.
"""

from __future__ import annotations

import hashlib
import logging
import re
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from moderation.exceptions import KeyRefused, KeyUnsuitable, ScopeMissing, TooManyRequests, UnknownKey
from moderation.models import ApiKey
from moderation.services.revision import database
from moderation.services.uploads import rate_limit
from moderation.services.uploads.queue import in_database_time

logger = logging.getLogger("moderation.keys")

ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"
PREFIX = 8
"""Characters of a prefix."""
SHAPE = re.compile(rf"ib_([{ALPHABET}]{{{PREFIX}}})_[A-Za-z0-9_-]{{43}}")
TENANT = re.compile(r"[a-z0-9]{0,20}")
"""No hyphen: a tenant's lists are named ``TENANT-NAME``, and must not be taken for another's."""
SELDOM = timedelta(minutes=1)
"""Between two notes of when a key was used: not a write for every request."""
OWNER = "moderation.apikey"
"""What the allowance of a key is counted under."""


def create(
    *,
    name: str,
    scopes: Iterable[str],
    tenant: str = "",
    per_minute: int = 600,
    expires_at: datetime | None = None,
    actor_id: str = "",
) -> ApiKey:
    """Make a key; return its row, whose ``token`` is the key itself, which cannot be shown again.

    Raises :class:`KeyUnsuitable` for a name that is taken, for unknown scopes, and for ``lower``.
    """
    wanted = list(dict.fromkeys(scopes))
    _check(name, wanted, tenant)
    prefix = "".join(secrets.choice(ALPHABET) for _ in range(PREFIX))
    token = f"ib_{prefix}_{secrets.token_urlsafe(32)}"
    try:
        with transaction.atomic(using=database()):
            key = ApiKey.objects.create(
                name=name,
                prefix=prefix,
                digest=_digest(token),
                tenant=tenant,
                scopes=wanted,
                per_minute=per_minute,
                expires_at=expires_at,
                created_by=actor_id,
            )
    except IntegrityError as error:
        raise KeyUnsuitable(f"There is a key “{name}” already. Withdrawn keys keep their names.") from error
    logger.info("key %s (%s) made by %s for %s", name, prefix, actor_id or "a command", ",".join(wanted))
    key.token = token
    return key


def revoke(*, key_id: int, actor_id: str = "") -> ApiKey:
    """Withdraw a key at once and for good. One that is withdrawn stays as it is. Raises :class:`UnknownKey`."""
    rows = ApiKey.objects.filter(pk=key_id)
    if rows.filter(revoked_at__isnull=True).update(revoked_at=timezone.now(), revoked_by=actor_id):
        logger.info("key number %s withdrawn by %s", key_id, actor_id or "a command")
    key = rows.first()
    if key is None:
        raise UnknownKey
    return key


def named(text: str) -> ApiKey:
    """Return the key with this name or prefix. Raises :class:`UnknownKey`."""
    key = ApiKey.objects.filter(Q(name=text) | Q(prefix=text)).order_by("pk").first()
    if key is None:
        raise UnknownKey(f"There is no key “{text}”. `manage.py api_key list` names them.")
    return key


def usable() -> QuerySet[ApiKey]:
    """Return keys that are neither withdrawn nor expired, by the database's clock."""
    lasting = Q(expires_at__isnull=True) | Q(expires_at__gt=Now())
    return ApiKey.objects.filter(lasting, revoked_at__isnull=True)


def authenticate(token: str) -> ApiKey:
    """Return the key that a request shows. Raises :class:`KeyRefused`, which does not say why."""
    shape = SHAPE.fullmatch(token)
    key = usable().filter(prefix=shape[1]).first() if shape else None
    if key is None or not secrets.compare_digest(bytes(key.digest), _digest(token)):
        raise KeyRefused
    return key


def admit(key: ApiKey) -> None:
    """Count a request of a key. Raises :class:`TooManyRequests` above what it may ask in a minute."""
    if not rate_limit.count(owner_type=OWNER, owner_id=str(key.pk), most=key.per_minute):
        raise TooManyRequests
    due = Q(last_used_at__isnull=True) | Q(last_used_at__lt=in_database_time(-SELDOM))
    # Asked of the row that is there already; the statement is sent once a minute at most.
    if key.last_used_at is None or key.last_used_at < timezone.now() - SELDOM:
        ApiKey.objects.filter(due, pk=key.pk).update(last_used_at=Now())


def demand(key: ApiKey, *scopes: str) -> None:
    """Raise :class:`ScopeMissing` unless the key has all of these scopes."""
    for scope in scopes:
        if scope not in key.scopes:
            raise ScopeMissing(f"This key does not have the scope “{scope}”.")


def _check(name: str, scopes: list[str], tenant: str) -> None:
    if not name.strip() or len(name) > 100 or "\0" in name:
        raise KeyUnsuitable("A key has a name of 1 to 100 characters, such as the server that uses it.")
    if unknown := [scope for scope in scopes if scope not in ApiKey.Scope.values]:
        raise KeyUnsuitable(f"There is no scope “{unknown[0]}”. There are: {', '.join(ApiKey.Scope.values)}.")
    if not scopes:
        raise KeyUnsuitable(f"Name at least one scope: {', '.join(ApiKey.Scope.values)}.")
    if ApiKey.Scope.LOWER in scopes:
        raise KeyUnsuitable(
            "The scope “lower” withdraws bans, which nobody allows alone: no command and no single person "
            "grants it. Make the key without it."
        )
    if not TENANT.fullmatch(tenant):
        raise KeyUnsuitable("A tenant is named with at most 20 small letters and digits.")


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
