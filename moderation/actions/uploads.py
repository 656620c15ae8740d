"""What a moderator can decide about an upload, in the order of the buttons."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext_lazy as _

from moderation.actions.base import LEAVING, Action
from moderation.forms.decisions import DecideForm
from moderation.models import Decision, Upload
from moderation.services.desk import rejecting, review

UPLOAD_ACTIONS: dict[str, UploadAction] = {}
"""By name, in the order of the buttons."""
Status = Upload.Status


class UploadAction(Action):
    """A decision about one upload. A subclass that is defined is offered."""

    permissions: ClassVar[tuple[str, ...]] = ("decide_upload",)
    form: ClassVar[type[forms.Form]] = DecideForm
    """What it wants to know beside the button."""
    pages: ClassVar[frozenset[str]] = frozenset({"queue"})
    """Where it is offered: ``queue``, one by one; ``grid``, for several at once; ``upload``, its own page."""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        UPLOAD_ACTIONS[cls.name] = action = cls()
        LEAVING.update(dict.fromkeys(cls.leaves, action))

    def possible(self, upload: Upload) -> bool:
        """Return whether it can be done with an upload of this status."""
        return True

    def run(self, *, upload_id: int, actor_id: str, data: dict[str, Any]) -> str:
        """Do it, with what its form was told; return what to say. Raises :class:`ModerationError` children."""
        raise NotImplementedError


def offered(*, page: str, upload: Upload, user: Any) -> list[UploadAction]:
    """Return the actions whose buttons a page shows this moderator beside an upload."""
    return [
        action
        for action in UPLOAD_ACTIONS.values()
        if page in action.pages and action.possible(upload) and action.allowed(user)
    ]


def named(name: str, *, page: str) -> UploadAction | None:
    """Return the action of a button on this page."""
    action = UPLOAD_ACTIONS.get(name)
    return action if action is not None and page in action.pages else None


class Approve(UploadAction):
    """Publish it."""

    name, label, done = "approve", _("Approve"), _("Approved.")
    key, look = "a", "mod-good"
    leaves = (Decision.Kind.APPROVE,)
    pages = frozenset({"queue", "grid", "upload"})

    def possible(self, upload: Upload) -> bool:
        return upload.status in (Status.HELD, Status.REJECTED) and bool(upload.reencoded)

    def run(self, *, upload_id: int, actor_id: str, data: dict[str, Any]) -> str:
        review.approve(
            upload_id=upload_id,
            actor_id=actor_id,
            note=data["note"],
            seen=data["seen"],
            expected=data["status"] or None,
        )
        return str(self.done)


class ScreenAgain(UploadAction):
    """Put what was never decoded back into the queue of the machine."""

    name, label, done = "again", _("Screen again"), _("It is screened again.")
    key = "a"
    pages = frozenset({"queue", "upload"})

    def possible(self, upload: Upload) -> bool:
        return upload.status == Status.HELD and bool(upload.original) and not upload.reencoded

    def run(self, *, upload_id: int, actor_id: str, data: dict[str, Any]) -> str:
        review.screen_again(upload_id=upload_id, actor_id=actor_id)
        return str(self.done)


class Reject(UploadAction):
    """Reject it, in the words of a list."""

    name, label, done = "reject", _("Reject"), _("Rejected.")
    key, look = "r", "mod-danger"
    leaves = (Decision.Kind.REJECT,)
    pages = frozenset({"queue", "grid", "upload"})

    def possible(self, upload: Upload) -> bool:
        return upload.status in (Status.HELD, Status.APPROVED)

    def run(self, *, upload_id: int, actor_id: str, data: dict[str, Any]) -> str:
        review.reject(
            upload_id=upload_id,
            actor_id=actor_id,
            blocklist=data["blocklist"],
            note=data["note"],
            expected=data["status"] or None,
        )
        return str(self.done)


class RejectAndBan(UploadAction):
    """Reject it, and ban its picture."""

    name, label, done = "ban", _("Reject and ban"), _("Rejected and banned.")
    key, look = "b", "mod-danger mod-strong"
    permissions = ("decide_upload", "add_bannedimage")
    leaves = (Decision.Kind.BAN,)
    pages = frozenset({"queue", "upload"})

    def possible(self, upload: Upload) -> bool:
        return upload.status in (Status.HELD, Status.APPROVED) and bool(upload.reencoded or upload.original)

    def run(self, *, upload_id: int, actor_id: str, data: dict[str, Any]) -> str:
        result = rejecting.reject_and_ban(
            upload_id=upload_id,
            actor_id=actor_id,
            blocklist=data["blocklist"],
            note=data["note"],
            expected=data["status"] or None,
        )
        if result.waiting is not None:
            return str(
                _("Rejected. The ban would hit many earlier uploads: it waits for a second moderator.")
            )
        return str(self.done)


class Skip(UploadAction):
    """Leave it to the others."""

    name, label, done = "skip", _("Skip"), _("Skipped.")
    key = "s"

    def run(self, *, upload_id: int, actor_id: str, data: dict[str, Any]) -> str:
        return str(self.done)
