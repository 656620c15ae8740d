"""People at the desk, and something for them to decide about."""

from __future__ import annotations

from django.contrib.auth.models import Group, User
from django.test import Client

from moderation import api
from moderation.models import BanDraft, BannedImage, Blocklist, Upload
from moderation.services.desk import drafts, lowering
from moderation.services.uploads import screening
from tests.pictures import encode, scene
from tests.services.people import member, send

ROLES = {"auditor": "Auditors", "moderator": "Moderators", "senior": "Senior moderators"}


def colleague(role: str, name: str = "") -> User:
    """Return a staff user in the group of a role."""
    user, _ = User.objects.get_or_create(username=name or role, defaults={"is_staff": True})
    user.groups.add(Group.objects.get(name=ROLES[role]))
    return user


def at_the_desk(role: str, name: str = "") -> Client:
    """Return a signed-in browser of that role; ``anonymous`` and ``uploader`` have no business here."""
    client = Client()
    if role == "anonymous":
        return client
    client.force_login(member("ursula").user if role == "uploader" else colleague(role, name))
    return client


def ban(seed: int = 1, blocklist: str = "default") -> BannedImage:
    """Return a banned picture."""
    return api.ban(encode(scene(seed)), blocklist=blocklist, reason="test").banned


def holding_list() -> Blocklist:
    """Return a list whose copies are held."""
    found, _ = Blocklist.objects.get_or_create(slug="hold", defaults={"name": "Hold", "action": "hold"})
    return found


def screened(data: bytes, *, who: str) -> Upload:
    """Return an upload with its verdict, also in a test whose transaction never commits."""
    upload = send(data, who=member(who))
    screening.screen(upload_id=upload.pk)
    upload.refresh_from_db()
    return upload


def held_upload(seed: int = 2, who: str = "ada") -> Upload:
    """Return an upload that a moderator has to look at."""
    holding_list()
    ban(seed, "hold")
    upload = screened(encode(scene(seed), quality=60), who=who)
    assert upload.status == "held", (upload.status, upload.reason)
    return upload


def rejected_upload(seed: int = 3, who: str = "bob") -> Upload:
    """Return a copy of a banned picture."""
    ban(seed)
    upload = screened(encode(scene(seed), quality=60), who=who)
    assert upload.status == "rejected", (upload.status, upload.reason)
    return upload


def public_upload(seed: int = 4, who: str = "cleo") -> Upload:
    """Return an innocent one."""
    upload = screened(encode(scene(seed)), who=who)
    assert upload.status == "approved", (upload.status, upload.reason)
    return upload


def second_confirms(name: str = "second") -> None:
    """Confirm as another senior moderator whatever waits to lower the shield."""
    other = str(colleague("senior", name).pk)
    for draft in BanDraft.objects.filter(status="waiting"):
        if draft.lowering:
            lowering.confirm(draft_id=draft.pk, actor_id=other)
        else:
            drafts.confirm(draft_id=draft.pk, actor_id=other)
