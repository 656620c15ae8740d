"""The history: insert-only rows, chained by seals.

A row never holds what identifies an uploader. That stands in :class:`PersonalData`; the row keeps a
salted commitment to it, so the data can be erased and the row still verifies.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, ClassVar, NoReturn

from django.db import models
from django.db.models.base import ModelBase
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from moderation.exceptions import AppendOnly


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    if isinstance(value, bytes | memoryview):
        return bytes(value).hex()
    return value


def canonical(content: dict[str, Any]) -> bytes:
    """JSON with sorted keys and without white space, UTF-8: equal content, equal bytes."""
    plain = {key: _plain(value) for key, value in content.items()}
    return json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


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

    class Meta:
        indexes = [models.Index(fields=["owner_type", "owner_id"], name="moderation_personal_owner")]

    def __str__(self) -> str:
        return f"personal data {self.pk}"

    def commitment(self) -> bytes:
        """SHA-256 over the random salt and the fields; 32 bytes that say nothing once the salt is gone."""
        content = canonical({name: getattr(self, name) for name in self.FIELDS})
        return hashlib.sha256(bytes(self.salt or b"") + content).digest()


class AppendOnlyQuerySet(models.QuerySet[Any]):
    """Refuses what would rewrite history; triggers in the database refuse it too."""

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
        super().save(force_insert=True, using=using)

    def delete(self, using: Any = None, keep_parents: bool = False) -> NoReturn:
        raise AppendOnly


class AuditRecord(AppendOnlyModel):
    """A sealed row. ``personal`` may be erased, ``commitment`` stays."""

    SEALED_WITH: ClassVar[tuple[str, ...]] = ()
    """Related rows that :meth:`content` covers."""

    personal = models.ForeignKey(PersonalData, models.PROTECT, null=True, editable=False, related_name="+")
    commitment = models.BinaryField(max_length=32, null=True, editable=False)
    created_at = models.DateTimeField(_("when"), default=timezone.now, editable=False)

    class Meta:
        abstract = True

    def content(self) -> dict[str, Any]:
        """What the seal covers: every column, and nothing that may be erased."""
        return {field.attname: getattr(self, field.attname) for field in self._meta.concrete_fields}

    def digest(self) -> bytes:
        """SHA-256 over the kind and the content, 32 bytes."""
        return hashlib.sha256(canonical({"kind": self._meta.model_name, **self.content()})).digest()


class Screening(AuditRecord):
    """One automatic evaluation of one upload."""

    SEALED_WITH = ("matches",)

    class Verdict(models.TextChoices):
        ALLOW = "allow", _("allow")
        HOLD = "hold", _("hold")
        BLOCK = "block", _("block")
        REFUSED = "refused", _("refused")

    upload_id = models.BigIntegerField(_("upload"))
    revision = models.BigIntegerField(_("revision"))
    verdict = models.CharField(_("verdict"), max_length=10, choices=Verdict)
    reason = models.CharField(_("reason"), max_length=40)
    occasion = models.CharField(_("occasion"), max_length=10, default="upload")
    """``upload`` or ``rescan``; ``review``, which informs a moderator and decides nothing; or ``failure``: it
    came to no judgement."""
    algorithms = models.CharField(max_length=200, blank=True)
    notes = models.CharField(max_length=200, blank=True)
    """What a cap cut off, in machine codes."""
    elapsed_us = models.PositiveBigIntegerField(_("microseconds"), default=0)

    class Meta:
        verbose_name = _("screening")
        verbose_name_plural = _("screenings")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["upload_id", "revision"],
                condition=~models.Q(occasion__in=["failure", "review"]),
                name="moderation_one_verdict",
            ),
            models.CheckConstraint(
                condition=models.Q(verdict__in=["allow", "hold", "block", "refused"]),
                name="moderation_screening_verdict",
            ),
        ]
        indexes = [
            models.Index(fields=["created_at", "id"], name="moderation_screening_when"),
            models.Index(fields=["verdict", "created_at", "id"], name="moderation_screening_verd"),
            # The constraint above is partial, so it finds no upload's screenings.
            models.Index(fields=["upload_id", "id"], name="moderation_screening_upload"),
            models.Index(fields=["revision"], name="moderation_screening_rev"),
        ]

    def __str__(self) -> str:
        return f"{self.verdict} ({self.reason}) at revision {self.revision}"

    def content(self) -> dict[str, Any]:
        """The matches belong to the verdict, so its seal covers them."""
        matches = sorted(
            (match.content() for match in self.matches.all()), key=lambda content: int(content["id"])
        )
        return {**super().content(), "matches": matches}


class Match(AppendOnlyModel):
    """What a screening found: a banned image, how, and how near."""

    screening = models.ForeignKey(Screening, models.DO_NOTHING, related_name="matches")
    banned_id = models.BigIntegerField(_("banned image"))
    blocklist = models.CharField(_("blocklist"), max_length=50)
    """Slug at that time."""
    action = models.CharField(_("action"), max_length=10)
    method = models.CharField(_("method"), max_length=24)
    distance = models.PositiveIntegerField(_("distance"))
    radius = models.PositiveIntegerField(_("radius"))
    """Of the band that it fell into."""
    band = models.CharField(_("band"), max_length=10)
    """``exact``, ``block`` or ``hold``."""
    view = models.PositiveIntegerField(default=0)
    variant = models.CharField(_("variant"), max_length=80, blank=True)
    set_aside = models.CharField(max_length=20, blank=True)
    """Why it did not count: ``allowlisted``, ``cleared``, ``monitor``; empty where it did."""
    details = models.JSONField(default=dict)

    class Meta:
        verbose_name = _("match")
        verbose_name_plural = _("matches")
        ordering = ["id"]
        indexes = [
            models.Index(fields=["banned_id", "screening"], name="moderation_match_banned"),
            models.Index(fields=["blocklist", "screening"], name="moderation_match_list"),
            models.Index(fields=["method", "distance", "screening"], name="moderation_match_method"),
        ]

    def __str__(self) -> str:
        return f"{self.method} {self.measure}".strip()

    @property
    def measure(self) -> str:
        """How near, in the terms of the method: ``12/26`` bits, or the share of the banned image."""
        if "share" in self.details:
            return _("%(share)s %% of it") % {"share": self.details["share"] // 10}
        return f"{self.distance}/{self.radius}" if self.radius else ""

    def content(self) -> dict[str, Any]:
        """Every column, for the seal of the screening."""
        return {field.attname: getattr(self, field.attname) for field in self._meta.concrete_fields}


class Decision(AuditRecord):
    """What a human said, with reasoning."""

    class Kind(models.TextChoices):
        APPROVE = "approve", _("approve")
        REJECT = "reject", _("reject")
        BAN = "ban", _("ban")
        ALREADY_BANNED = "already_banned", _("was banned already")
        RETIRE = "retire", _("retire")
        RESTORE = "restore", _("restore")
        GRANT = "grant", _("grant the appeal")
        DENY = "deny", _("deny the appeal")
        SCREEN_AGAIN = "screen_again", _("screen again")
        CANCEL = "cancel", _("cancel the search among earlier uploads")
        UNDO = "undo", _("undo")

    kind = models.CharField(_("decision"), max_length=20, choices=Kind)
    actor_id = models.CharField(_("moderator"), max_length=64, blank=True)
    upload_id = models.BigIntegerField(_("upload"), null=True)
    banned_id = models.BigIntegerField(_("banned image"), null=True)
    revision = models.BigIntegerField(_("revision"))
    reason = models.CharField(_("reason"), max_length=40, blank=True)
    undoes_id = models.BigIntegerField(null=True)

    class Meta:
        verbose_name = _("decision")
        verbose_name_plural = _("decisions")
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["upload_id", "id"], name="moderation_decision_upload"),
            models.Index(fields=["banned_id", "id"], name="moderation_decision_banned"),
            models.Index(fields=["actor_id", "id"], name="moderation_decision_actor"),
            models.Index(fields=["created_at", "id"], name="moderation_decision_when"),
        ]

    def __str__(self) -> str:
        return self.get_kind_display()


class Refusal(AuditRecord):
    """Bytes that were no picture that we take, turned away at the door."""

    reason = models.CharField(_("reason"), max_length=40)
    size = models.PositiveBigIntegerField(_("bytes"))
    sha256 = models.BinaryField(max_length=32)
    door = models.CharField(_("door"), max_length=40, default="upload")

    class Meta:
        verbose_name = _("refusal")
        verbose_name_plural = _("refusals")
        ordering = ["-id"]
        indexes = [models.Index(fields=["created_at", "id"], name="moderation_refusal_when")]

    def __str__(self) -> str:
        return f"{self.reason} ({self.size} bytes)"


class BlocklistChange(AuditRecord):
    """One change that can alter a verdict; one row per revision."""

    class Kind(models.TextChoices):
        BAN = "ban", _("ban")
        RETIRE = "retire", _("retire")
        EXPIRE = "expire", _("expire")
        IMPORT = "import", _("import")
        ENTRY = "entry", _("entry's settings")
        LIST = "list", _("blocklist's settings")
        REHASH = "rehash", _("rehash")

    revision = models.BigIntegerField(_("revision"), unique=True)
    token = models.UUIDField(editable=False)
    kind = models.CharField(_("change"), max_length=10, choices=Kind)
    blocklist = models.CharField(_("blocklist"), max_length=50, blank=True)
    banned_id = models.BigIntegerField(_("banned image"), null=True)
    actor_id = models.CharField(_("moderator"), max_length=64, blank=True)
    detail = models.JSONField(_("detail"), default=dict)

    class Meta:
        verbose_name = _("blocklist change")
        verbose_name_plural = _("blocklist changes")
        ordering = ["-revision"]
        indexes = [
            models.Index(fields=["created_at", "id"], name="moderation_change_when"),
            models.Index(fields=["banned_id", "id"], name="moderation_change_banned"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} at revision {self.revision}"

    def content(self) -> dict[str, Any]:
        return {**super().content(), "token": self.token.hex}


class Seal(AppendOnlyModel):
    """A link of the chain over all audit rows."""

    position = models.BigIntegerField(primary_key=True)
    """1, 2, 3 … without a gap."""
    kind = models.CharField(max_length=20)
    record_id = models.BigIntegerField()
    digest = models.BinaryField(max_length=32)
    """Of the row."""
    mac = models.BinaryField(max_length=32)
    """HMAC-SHA-256 over position, kind, id, digest and the previous seal's mac."""
    sealed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "record_id"], name="moderation_sealed_once")]

    def __str__(self) -> str:
        return f"seal {self.position}"


AUDIT_MODELS: tuple[type[AuditRecord], ...] = (Screening, Decision, Refusal, BlocklistChange)
"""In the order in which a batch seals them."""
