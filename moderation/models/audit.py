"""The tables of the history: screenings with their matches, decisions, refusals, changes, and the seals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from moderation.models.records import AppendOnlyModel, AuditRecord, canonical, columns


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
        """Return every column and the matches: they belong to the verdict, so its seal covers them."""
        matches = sorted(
            (match.content() for match in self.matches.all()), key=lambda content: int(content["id"])
        )
        return {**super().content(), "matches": matches}

    found: Sequence[Match] = ()
    """Matches that are inserted right after it; to be set before the row is."""

    def save_found(self) -> None:
        """Insert it with what it :attr:`found`."""
        self.save()
        for match in self.found:
            match.screening = self
        Match.objects.bulk_create(self.found)

    def authenticated(self) -> bytes:
        rows = self.found if self._state.adding else self.matches.all()
        found = sorted(canonical(columns(row, without=self.GIVEN_LATER)) for row in rows)
        return super().authenticated() + b"".join(found)


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
        """Return every column, for the seal of the screening."""
        return columns(self)


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
        DISMISS = "dismiss", _("leave a reported picture as it is")
        ERASE = "erase", _("erase personal data")

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
        BACKGROUND = "background", _("learned background")
        SETTINGS = "settings", _("settings of the site")
        BASELINE = "baseline", _("what stands")

    revision = models.BigIntegerField(_("revision"), unique=True)
    token = models.UUIDField(editable=False)
    kind = models.CharField(_("change"), max_length=10, choices=Kind)
    blocklist = models.CharField(_("blocklist"), max_length=50, blank=True)
    banned_id = models.BigIntegerField(_("banned image"), null=True)
    actor_id = models.CharField(_("moderator"), max_length=64, blank=True)
    detail = models.JSONField(_("detail"), default=dict)
    """What was changed; under ``state`` what stands since, for a replay of the history."""

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
    """Of a row of the history; or ``anchor``, ``key``: :mod:`moderation.services.history.links`."""
    record_id = models.BigIntegerField()
    digest = models.BinaryField(max_length=32)
    """Of the row."""
    mac = models.BinaryField(max_length=32)
    """HMAC-SHA-256 over position, kind, id, digest, time and the previous seal's mac."""
    sealed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "record_id"], name="moderation_sealed_once")]

    def __str__(self) -> str:
        return f"seal {self.position}"


AUDIT_MODELS: tuple[type[AuditRecord], ...] = (Screening, Decision, Refusal, BlocklistChange)
"""In the order in which a batch seals them."""
