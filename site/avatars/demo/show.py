"""The main job by itself: ban, upload, be turned down; each upload as a browser sends it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import cycle

from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from avatars.demo.cast import MEMBERS, MODERATOR, RIDER, UPLOADER
from avatars.demo.pictures import BANNED, BANNED_LATER, EDITS, as_jpeg, photograph
from avatars.members import profile_of
from moderation import api

COPIES_OF_THE_SECOND = tuple(
    edit for edit in EDITS if edit.name in ("mirrored", "bordered", "64-colours", "captioned", "cropped")
)
"""The first banned picture is tried with every edit, the second with these."""
BY_THE_UPLOADER = ("mirrored", "captioned")
"""Which copies of the first one the demo's uploader sends: one is turned down, one is held."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One file that one member sends."""

    username: str
    file: str
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What became of it."""

    file: str
    verdict: str
    milliseconds: float
    """From sending the form to the page that answers it."""
    reason: str = ""
    method: str = ""
    """Which fingerprint, or the local features."""
    distance: int | None = None
    """In bits; local features have none."""


def ban(name: str) -> None:
    """Ban one of the photographs, as the demo's moderator."""
    moderator = User.objects.get(username=MODERATOR.username)
    api.ban(as_jpeg(photograph(name)), actor=moderator, reason="Shown in the demo")


def innocent() -> Iterator[Attempt]:
    """Yield each member's own picture."""
    for person in MEMBERS:
        if person.picture:
            data = as_jpeg(photograph(person.picture))
            yield Attempt(username=person.username, file=stem(person.picture) + ".jpg", data=data)


def published_first() -> Attempt:
    """Return the picture that is banned only after it was published."""
    return Attempt(
        username=RIDER.username, file=stem(BANNED_LATER) + ".jpg", data=as_jpeg(photograph(BANNED_LATER))
    )


def copies() -> Iterator[Attempt]:
    """Yield edited copies of the banned pictures, and a file that is no picture. The others take turns, so that
    nobody sends more than a person would."""
    others = cycle(person.username for person in MEMBERS if person not in (UPLOADER, RIDER))
    for name in BANNED:
        picture = photograph(name)
        for edit in EDITS:
            if name == BANNED[0] or edit in COPIES_OF_THE_SECOND:
                file = f"{stem(name)}-{edit.name}{edit.suffix}"
                hers = name == BANNED[0] and edit.name in BY_THE_UPLOADER
                sender = UPLOADER.username if hers else next(others)
                yield Attempt(username=sender, file=file, data=edit.make(picture))
    yield Attempt(username=next(others), file="letter.jpg", data=b"Dear moderators, this is a text.\n")


def count() -> int:
    """Return how many files the demo sends."""
    pictures = sum(bool(person.picture) for person in MEMBERS)
    return pictures + 1 + len(EDITS) + len(COPIES_OF_THE_SECOND) + 1


def send(attempt: Attempt) -> Row:
    """Send one file to the profile page as a signed-in browser would, and look at the answer."""
    user = User.objects.get(username=attempt.username)
    own = profile_of(user)
    browser = Client(SERVER_NAME="127.0.0.1")
    browser.force_login(user)
    form = {
        "display_name": own.display_name,
        "about": own.about,
        "listed": "on",
        "picture": SimpleUploadedFile(attempt.file, attempt.data),
    }
    started = time.perf_counter()
    response = browser.post(reverse("avatars:profile"), form)
    milliseconds = (time.perf_counter() - started) * 1000
    if response.status_code not in (302, 422):
        return Row(file=attempt.file, verdict="refused", reason="at the door", milliseconds=milliseconds)
    upload = api.status_of(own, "avatar")
    why = api.explain(upload.reference) if upload else None
    if why is None:
        return Row(file=attempt.file, verdict="pending", milliseconds=milliseconds)
    return Row(
        file=attempt.file,
        verdict=why.verdict,
        reason=why.reason.replace("_", " "),
        method=why.method,
        distance=None if why.method.startswith("local") else why.distance,
        milliseconds=milliseconds,
    )


def is_shown(username: str) -> bool:
    """Return whether a member has a public picture at this moment."""
    return bool(profile_of(User.objects.get(username=username)).avatar)


def stem(name: str) -> str:
    """Return the file's name without what follows the dot."""
    return name.partition(".")[0].replace("_", "-")
