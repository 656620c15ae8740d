"""What a moderator can do with an entry of a list, by a button on its page."""

from __future__ import annotations

from typing import ClassVar

from django.utils.translation import gettext_lazy as _

from moderation.actions.base import LEAVING, Action
from moderation.models import Decision
from moderation.services.blocklists import background
from moderation.services.desk import lowering
from moderation.services.desk.lowering import Lowering

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

    def run(self, *, banned_id: int, actor_id: str, note: str) -> bool:
        """Do it; return False where it waits for a second person. Raises :class:`ModerationError` children."""
        raise NotImplementedError


class Retire(EntryAction):
    """Unban."""

    name, label, address = "retire", _("Retire"), "retire"
    done = _("Retired. What it rejected is still rejected: see “This was wrong” to restore it.")
    permissions = ("lower_shield",)
    leaves = (Decision.Kind.RETIRE,)

    def run(self, *, banned_id: int, actor_id: str, note: str) -> bool:
        wanted = Lowering(what="retire", subject=banned_id, note=note)
        return lowering.attempt(wanted, actor_id=actor_id) is None


class BanAgain(EntryAction):
    """Ban a retired entry again, as a new one."""

    name, label, address = "again", _("Ban again"), "again"
    done = _("Banned again, as a new entry.")

    def run(self, *, banned_id: int, actor_id: str, note: str) -> bool:
        # Lowers the shield where the list allows.
        return lowering.attempt(Lowering(what="again", subject=banned_id), actor_id=actor_id) is None


class GiveBackground(EntryAction):
    """Count what the entry has learned as its own again."""

    name, label, address = "background", _("Give back"), "background"
    done = _("Given back. Earlier uploads are looked at again.")

    def run(self, *, banned_id: int, actor_id: str, note: str) -> bool:
        background.forget_all(banned_id=banned_id, actor_id=actor_id)
        return True
