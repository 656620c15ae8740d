"""What every action has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django.utils.translation import gettext_lazy as _

from moderation.models import Decision
from moderation.services.desk import undo

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

LEAVING: dict[str, Action] = {}
"""Kind of decision → the action that leaves it, for undo."""


class Action:
    """One thing that a moderator can do. The pages of the desk make its button, its key and its form from this, and ask
    for its permissions before they run it."""

    name: ClassVar[str]
    """In forms and addresses."""
    label: ClassVar[StrPromise]
    """On the button."""
    done: ClassVar[StrPromise]
    """What is said when it is done."""
    permissions: ClassVar[tuple[str, ...]]
    """Without the app's name. To take the action back one must still have them."""
    key: ClassVar[str] = ""
    """In the queue; a letter."""
    look: ClassVar[str] = ""
    """Classes of the button."""
    leaves: ClassVar[tuple[str, ...]] = ()
    """Kinds of decisions that :meth:`undo` takes back."""

    def allowed(self, user: Any) -> bool:
        """Return whether this user has the permissions."""
        return bool(user.has_perms([f"moderation.{name}" for name in self.permissions]))

    @property
    def forbidden(self) -> str:
        """What is said to one who lacks them."""
        return _("You may not do this: %(what)s.") % {"what": self.label}

    def undo(self, *, decision_id: int, actor_id: str) -> Decision:
        """Take back what a decision of one's own did; return that decision. Raises :class:`DecisionRefused`."""
        return undo.undo(decision_id=decision_id, actor_id=actor_id)


def leaving(kind: str) -> Action | None:
    """Return the action that leaves decisions of this kind; None where none can be taken back."""
    return LEAVING.get(kind)
