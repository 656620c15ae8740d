"""Who knocks at the site's doors, and what a browser would send."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from avatars.members import profile_of
from avatars.models import Profile

PASSWORD = "only-for-this-test"


class NeverAwake:
    """A dispatcher whose workers are all asleep: uploads stay pending."""

    periodic = False

    def screen(self, upload_id: int) -> None:
        """Wake up nothing."""

    def rescan(self, rescan_id: int) -> None:
        """Wake up nothing."""


ASLEEP = f"{NeverAwake.__module__}.{NeverAwake.__qualname__}"


def member(name: str = "ada", *, display_name: str = "") -> Profile:
    """Return an account that can sign in, with its profile."""
    user, created = User.objects.get_or_create(username=name)
    if created:
        user.set_password(PASSWORD)
        user.save()
    profile = profile_of(user)
    if display_name:
        profile.display_name = display_name
        profile.save(update_fields=["display_name"])
    return profile


def browser_of(profile: Profile | None, **options: Any) -> Client:
    """Return a browser in which this member is signed in, or nobody."""
    browser = Client(**options)
    if profile is not None:
        browser.force_login(profile.user)
    return browser


def form(data: bytes | None = None, *, file: str = "me.jpg", **fields: str) -> dict[str, Any]:
    """Return the profile page's form."""
    typed: dict[str, Any] = {"display_name": "Ada L.", "about": "I write programs.", "listed": "on"} | fields
    if data is not None:
        typed["picture"] = SimpleUploadedFile(file, data)
    return typed


def send(profile: Profile, data: bytes | None, *, file: str = "me.jpg", **fields: str) -> Any:
    """Send the form of the profile page as the member: return the answer. The profile is then as the database has
    it."""
    response = browser_of(profile).post(reverse("avatars:profile"), form(data, file=file, **fields))
    profile.refresh_from_db()
    return response
