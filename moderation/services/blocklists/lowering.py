"""Lowering the shield: what moves verdicts of *other* pictures towards “allow” wants two people.

A machine's own moves, and the shell, whose operator is recorded as such, act alone; so do keys of the HTTP API to which the
shell has granted the scope for it. So does an undo of what one did
oneself within a day.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from moderation import selectors
from moderation.exceptions import DecisionRefused, LoweringNeedsTwo
from moderation.models import ApiKey, BanDraft, BannedImage, Blocklist
from moderation.services import revision

OPERATOR = "operator"
"""Who acts in the history where a command of the shell lowers the shield."""
RANK = ("allow", "monitor", "hold", "block")
Strength = tuple[float, ...]
FOREVER = float("inf")


@dataclass(frozen=True, slots=True)
class Consent:
    """The word of two people, or of the only one after the delay, for one change."""

    draft: BanDraft
    unchanged: Callable[[], bool]
    """Whether what it is about is still as it was when it was asked for."""

    def spend(self) -> dict[str, Any]:
        """Use it up, within the transaction of the change; return who had asked. Raises :class:`DecisionRefused` where it
        was used or dropped meanwhile, or something has changed since."""
        waiting = BanDraft.objects.filter(pk=self.draft.pk, status=BanDraft.Status.WAITING)
        if not waiting.update(status=BanDraft.Status.DONE):
            raise DecisionRefused("This was confirmed or dropped already.")
        if not self.unchanged():
            raise DecisionRefused("It has changed since this was asked for. Drop it, and ask again.")
        return {"asked_by": self.draft.created_by}


def guard(*, lowers: bool, actor_id: str, consent: Consent | None = None) -> dict[str, Any]:
    """Let a change pass within its transaction; return what the history says of who had asked for it.

    Raises :class:`LoweringNeedsTwo` where it lowers the shield, and one person alone wants it.
    """
    if consent is not None:
        return consent.spend()
    if lowers and not acts_alone(actor_id):
        raise LoweringNeedsTwo
    return {}


def acts_alone(actor_id: str) -> bool:
    """Return whether this is no person: the machine, the shell, or a key of the HTTP API that has the scope for it."""
    if actor_id in ("", OPERATOR):
        return True
    prefix = actor_id.removeprefix("key:")
    if prefix == actor_id:
        return False
    keys = ApiKey.objects.filter(prefix=prefix, revoked_at__isnull=True)
    return any(ApiKey.Scope.LOWER in scopes for scopes in keys.values_list("scopes", flat=True))


def retiring_lowers(banned: BannedImage) -> bool:
    """Return whether pictures may pass once this entry is gone."""
    return banned.active and banned.blocklist.action in Blocklist.DECIDING


def entering_lowers(blocklist: Blocklist) -> bool:
    """Return whether what goes onto this list lets pictures pass."""
    return blocklist.action == Blocklist.Action.ALLOW


def strength_of_entry(banned: BannedImage) -> Strength:
    """Return numbers of which each is greater where the entry finds more, or does more about it."""
    local = banned.local or banned.blocklist.local
    finds = _finds(banned.blocklist.radii, banned.radii, min(local, banned.blocklist.local, key=_mode))
    return (
        *(tuple(-1.0 for _ in finds) if banned.exact_only else finds),
        0.0 if banned.suspended else 1.0,
        banned.expires_at.timestamp() if banned.expires_at else FOREVER,
    )


def entry_lowers(blocklist: Blocklist, before: Strength, after: Strength) -> bool:
    """Return whether new settings of an entry let pictures pass that it stopped, or an allowed one explain more."""
    if blocklist.action in Blocklist.DECIDING:
        return _less(after, before)
    return blocklist.action == Blocklist.Action.ALLOW and _less(before, after)


def list_lowers(before: Blocklist, after: Blocklist) -> bool:
    """Return whether new settings of a list let pictures pass that it stopped."""
    was, is_ = (_finds(one.radii, None, one.local) for one in (before, after))
    if RANK.index(after.action) < RANK.index(before.action):
        return True
    if before.action in Blocklist.DECIDING:
        return _less(is_, was)
    return after.action == Blocklist.Action.ALLOW and _less(was, is_)


def _finds(radii: Any, own: Any, local: str) -> Strength:
    bands = selectors.bands(revision.current().entries, radii, own)
    numbers = [float(radius) for name in sorted(bands) for radius in (bands[name].block, bands[name].hold)]
    return (*numbers, float(_mode(local)))


def _mode(local: str) -> int:
    return selectors.LOCAL_MODES.index(local)


def _less(one: Strength, other: Strength) -> bool:
    return any(left < right for left, right in zip(one, other, strict=True))
