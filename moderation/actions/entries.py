"""What a moderator can do with an entry of a list, by a button on its page."""

from __future__ import annotations

from typing import ClassVar

from django.utils.translation import gettext_lazy as _

from moderation.actions.base import LEAVING, Action
from moderation.models import BannedImage, Decision
from moderation.services.blocklists import background, blocklist
from moderation.services.desk import reinstating

ENTRY_ACTIONS: dict[str, EntryAction] = {}
"""By name."""


class EntryAction(Action):
    """Something that is done with one entry. A subclass that is defined has an address of its own."""

    permissions: ClassVar[tuple[str, ...]] = ("change_bannedimage",)
    address: ClassVar[str]

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        ENTRY_ACTIONS[cls.name] = action = cls()
        LEAVING.update(dict.fromkeys(cls.leaves, action))

    def run(self, *, banned_id: int, actor_id: str, note: str) -> BannedImage:
        """Do it; return the entry whose page is shown next. Raises :class:`ModerationError` children."""
        raise NotImplementedError


class Retire(EntryAction):
    """Unban."""

    name, label, address = "retire", _("Retire"), "retire"
    done = _("Retired. What it rejected is still rejected: see “This was wrong” to restore it.")
    leaves = (Decision.Kind.RETIRE,)

    def run(self, *, banned_id: int, actor_id: str, note: str) -> BannedImage:
        return blocklist.unban(banned_id=banned_id, actor_id=actor_id, note=note)


class BanAgain(EntryAction):
    """Ban a retired entry again, as a new one."""

    name, label, address = "again", _("Ban again"), "again"
    done = _("Banned again, as a new entry.")

    def run(self, *, banned_id: int, actor_id: str, note: str) -> BannedImage:
        return reinstating.reinstate(banned_id=banned_id, actor_id=actor_id)


class GiveBackground(EntryAction):
    """Count what the entry has learned as its own again."""

    name, label, address = "background", _("Give back"), "background"
    done = _("Given back. Earlier uploads are looked at again.")

    def run(self, *, banned_id: int, actor_id: str, note: str) -> BannedImage:
        background.forget_all(banned_id=banned_id, actor_id=actor_id)
        return BannedImage.objects.get(pk=banned_id)
