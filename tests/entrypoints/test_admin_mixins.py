"""A host's own admin gets an action that leads to the ban page."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from avatars.models import Profile
from tests.entrypoints.desk import at_the_desk, colleague, public_upload
from tests.services.people import member

pytestmark = pytest.mark.django_db
LIST = "admin:avatars_profile_changelist"


def _with_profiles(role: str) -> Client:
    colleague(role).user_permissions.add(Permission.objects.get(codename="view_profile"))
    return at_the_desk(role)


def test_the_present_picture_of_a_profile_is_banned_from_the_hosts_list() -> None:
    upload = public_upload(4, who="cleo")
    profile = Profile.objects.get(user__username="cleo")
    fields = {"action": "ban_pictures", "_selected_action": [profile.pk]}
    answer = _with_profiles("moderator").post(reverse(LIST), fields)
    assert answer["Location"] == reverse("admin:moderation_bannedimage_add") + f"?uploads={upload.pk}"


def test_a_profile_without_a_picture_is_said() -> None:
    fields = {"action": "ban_pictures", "_selected_action": [member("dora").pk]}
    page = _with_profiles("moderator").post(reverse(LIST), fields, follow=True)
    assert "have a picture" in page.content.decode()


def test_only_moderators_have_the_action() -> None:
    member("dora")
    assert b"ban_pictures" not in _with_profiles("auditor").get(reverse(LIST)).content
