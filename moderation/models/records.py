"""What every row of the history has in common: inserted once, sealed, and free of what identifies people.

A row never holds what identifies an uploader. That stands in :class:`PersonalData`; the row keeps a
salted commitment to it, so the data can be erased and the row still verifies.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, ClassVar, NoReturn

from django.db import models
from django.db.models.base import ModelBase
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from moderation.exceptions import AppendOnly
from moderation.models.authentication import MAC_BYTES, authenticate, key_of


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    if isinstance(value, bytes | memoryview):
        return bytes(value).hex()
    if isinstance(value, uuid.UUID):
        return value.hex
    if isinstance(value, dict):
        # As it comes back from the database: with strings as keys.
        return json.loads(json.dumps(value))
    return value


def canonical(content: dict[str, Any]) -> bytes:
    """Return JSON with sorted keys and without white space, UTF-8: equal content, equal bytes."""
    plain = {key: _plain(value) for key, value in content.items()}
    return json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def columns(row: models.Model, *, without: Iterable[str] = ()) -> dict[str, Any]:
    """Return the values of a row by the names of its columns."""
    names = (str(field.attname) for field in row._meta.concrete_fields)
    return {name: getattr(row, name) for name in names if name not in without}


class PersonalData(models.Model):
    """What identifies a person behind audit rows; erasable."""

    FIELDS: ClassVar = ("owner_type", "owner_id", "address", "file_name", "text")

    owner_type = models.CharField(max_length=100, blank=True)
    owner_id = models.CharField(max_length=64, blank=True)
    address = models.CharField(max_length=64, blank=True)
    file_name = models.CharField(max_length=255, blank=True)
    text = models.TextField(blank=True)
    salt = models.BinaryField(max_length=16, null=True)
    erased_at = models.DateTimeField(null=True)
    erasure_id = models.BigIntegerField(null=True)
    """The decision that erased it; empty for what an earlier version erased."""

    class Meta:
        indexes = [
            models.Index(fields=["owner_type", "owner_id"], name="moderation_personal_owner"),
            models.Index(
                fields=["erasure_id", "id"],
                condition=models.Q(erased_at__isnull=False),
                name="moderation_personal_erased",
            ),
        ]

    def __str__(self) -> str:
        return f"personal data {self.pk}"

    @property
    def empty(self) -> bool:
        """Return whether nothing of it is left."""
        return self.salt is None and not any(getattr(self, name) for name in self.FIELDS)

    def commitment(self) -> bytes:
        """Return SHA-256 over the random salt and the fields; 32 bytes that say nothing once the salt is gone."""
        content = canonical({name: getattr(self, name) for name in self.FIELDS})
        return hashlib.sha256(bytes(self.salt or b"") + content).digest()


class AppendOnlyQuerySet(models.QuerySet[Any]):
    """Refuses what would rewrite history; triggers in the database refuse it too."""

    def bulk_create(self, objs: Iterable[Any], *args: Any, **kwargs: Any) -> list[Any]:
        rows = list(objs)
        for row in rows:
            row.before_insert()
        return super().bulk_create(rows, *args, **kwargs)

    def update(self, **kwargs: Any) -> NoReturn:
        raise AppendOnly

    def delete(self) -> NoReturn:
        raise AppendOnly

    def bulk_update(
        self, objs: Iterable[Any], fields: Iterable[str], batch_size: int | None = None
    ) -> NoReturn:
        raise AppendOnly


class AppendOnlyModel(models.Model):
    """Inserted once, never changed."""

    objects = AppendOnlyQuerySet.as_manager()

    class Meta:
        abstract = True

    def save(
        self,
        force_insert: bool | tuple[ModelBase, ...] = False,
        force_update: bool = False,
        using: str | None = None,
        update_fields: Iterable[str] | None = None,
    ) -> None:
        if not self._state.adding or force_update:
            raise AppendOnly
        self.before_insert()
        super().save(force_insert=True, using=using)

    def _save_table(self, raw: bool = False, *args: Any, **kwargs: Any) -> bool:
        # A fixture that holds rows which are there already, as that of a test case with serialized_rollback does,
        # changes nothing. Django would write them once more, and the triggers refuse that.
        using = kwargs.get("using") or (args[3] if len(args) > 3 else None)
        if raw and type(self)._base_manager.using(using).filter(pk=self.pk).exists():
            return True
        saved: bool = super()._save_table(raw, *args, **kwargs)  # type: ignore[misc]  # Django's own hook, without a stub
        return saved

    def before_insert(self) -> None:
        """Complete the row; called once, by :meth:`save` and by ``bulk_create``."""

    def delete(self, using: Any = None, keep_parents: bool = False) -> NoReturn:
        raise AppendOnly


class AuditRecord(AppendOnlyModel):
    """A sealed row. ``personal`` may be erased, ``commitment`` stays."""

    UNSEALED: ClassVar = ("mac",)
    """Columns that :meth:`content` leaves out."""
    GIVEN_LATER: ClassVar = ("id", "screening_id")
    """Columns that the database fills in, so that :attr:`mac` cannot cover them. The seal does."""

    SEALED_WITH: ClassVar[tuple[str, ...]] = ()
    """Related rows that :meth:`content` covers."""

    personal = models.ForeignKey(PersonalData, models.PROTECT, null=True, editable=False, related_name="+")
    commitment = models.BinaryField(max_length=32, null=True, editable=False)
    created_at = models.DateTimeField(_("when"), default=timezone.now, editable=False)
    mac = models.BinaryField(max_length=MAC_BYTES, null=True, editable=False)
    """See :func:`~moderation.models.authentication.authenticate`; empty in rows of earlier versions."""

    class Meta:
        abstract = True

    def content(self) -> dict[str, Any]:
        """Return what the seal covers: every column, and nothing that may be erased."""
        return columns(self, without=self.UNSEALED)

    def authenticated(self) -> bytes:
        """Return what :attr:`mac` covers: the content without what the database fills in."""
        content = columns(self, without=(*self.UNSEALED, *self.GIVEN_LATER))
        return canonical({"kind": self._meta.model_name, **content})

    def before_insert(self) -> None:
        self.mac = authenticate(self.authenticated())

    def key(self) -> int | None:
        """Return which of the seal keys the row was written with; None for one that we did not write."""
        return key_of(self.mac, self.authenticated())

    def digest(self) -> bytes:
        """Return SHA-256 over the kind and the content, 32 bytes."""
        return hashlib.sha256(canonical({"kind": self._meta.model_name, **self.content()})).digest()
