"""Flag, upload, verdict, audit: the whole loop through the services, on real files."""

from __future__ import annotations

import pytest
from django.core.files.storage import storages

from moderation import api, selectors
from moderation.exceptions import FlatPicture
from moderation.models import BannedImage, Decision, Match, Notice, Rescan, Screening, Upload
from moderation.services.blocklists import banning, blocklist, enrolment
from moderation.services.blocklists.banning import EntryOptions
from tests import pictures
from tests.services.people import member, send

pytestmark = pytest.mark.django_db(transaction=True)


def test_an_innocent_picture_is_published() -> None:
    ada = member()

    upload = send(pictures.encode(pictures.scene(1)), who=ada)

    ada.refresh_from_db()
    assert upload.status == "approved"
    assert ada.avatar.name == upload.published
    assert storages["moderation_public"].exists(upload.published)
    assert not storages["moderation_quarantine"].exists(upload.original or "gone")


@pytest.mark.parametrize("edit", sorted(pictures.edited_copies(pictures.scene(7))))
def test_an_edited_copy_is_rejected(edit: str) -> None:
    banned = pictures.scene(7)
    api.ban(pictures.encode(banned))

    upload = send(pictures.edited_copies(banned)[edit], who=member())

    assert (upload.status, upload.published) == ("rejected", "")
    assert Screening.objects.get(upload_id=upload.pk).verdict == "block"


def test_ten_other_pictures_pass() -> None:
    api.ban(pictures.encode(pictures.scene(7)))

    statuses = [send(pictures.encode(pictures.scene(seed)), who=member()).status for seed in range(20, 30)]

    assert statuses == ["approved"] * 10


def test_a_ban_takes_an_earlier_upload_down() -> None:
    ada = member()
    picture = pictures.scene(3)
    upload = send(pictures.encode(picture), who=ada)
    was_public = upload.published

    api.ban(pictures.edited_copies(picture)["mirrored"])

    upload.refresh_from_db()
    ada.refresh_from_db()
    assert (upload.status, upload.published, ada.avatar.name) == ("rejected", "", "")
    assert not storages["moderation_public"].exists(was_public)
    assert [notice.kind for notice in Notice.objects.filter(upload=upload)] == ["taken_down"]
    assert Rescan.objects.get().taken_down == 1


def test_a_rejection_keeps_the_old_avatar() -> None:
    ada = member()
    first = send(pictures.encode(pictures.scene(1)), who=ada)
    api.ban(pictures.encode(pictures.scene(2)))

    second = send(pictures.encode(pictures.scene(2)), who=ada)

    ada.refresh_from_db()
    assert second.status == "rejected"
    assert ada.avatar.name == first.published


def test_a_new_avatar_replaces_the_old_file() -> None:
    ada = member()
    first = send(pictures.encode(pictures.scene(1)), who=ada)
    second = send(pictures.encode(pictures.scene(2)), who=ada)

    ada.refresh_from_db()
    assert ada.avatar.name == second.published
    assert not storages["moderation_public"].exists(first.published)
    assert Upload.objects.get(pk=first.pk).withdrawn_at is not None


def test_the_same_picture_is_banned_once() -> None:
    picture = pictures.encode(pictures.scene(5))
    first = api.ban(picture)

    again = api.ban(picture)

    assert (again.created, again.banned, again.revision) == (False, first.banned, first.revision)
    assert BannedImage.objects.count() == 1
    assert Decision.objects.filter(kind="already_banned", banned_id=first.banned.pk).count() == 1


def test_a_near_copy_is_an_entry_of_its_own_with_a_link() -> None:
    picture = pictures.scene(5)
    first = api.ban(pictures.encode(picture))
    marked = picture.copy()
    marked.paste((255, 255, 255), (10, 10, 120, 60))

    second = api.ban(pictures.encode(marked))

    assert second.created
    assert second.banned.nearest == first.banned


def test_a_retired_picture_is_banned_anew() -> None:
    picture = pictures.encode(pictures.scene(5))
    first = api.ban(picture)
    blocklist.unban(banned_id=first.banned.pk)
    assert send(picture, who=member()).status == "approved"

    second = api.ban(picture)

    assert second.created
    assert second.banned != first.banned
    assert send(picture, who=member("bob")).status == "rejected"


def test_a_flat_picture_is_banned_only_as_an_exact_copy() -> None:
    data = pictures.encode(pictures.flat(), "PNG")
    with pytest.raises(FlatPicture):
        api.ban(data)
    assert BannedImage.objects.count() == 0

    banning.ban(
        picture=enrolment.picture_from_bytes(data),
        blocklist=selectors.blocklist_named("default"),
        options=EntryOptions(exact_only=True),
    )

    assert send(data, who=member()).status == "rejected"
    other_colour = pictures.encode(pictures.flat((200, 10, 10)), "PNG")
    assert send(other_colour, who=member()).status == "approved"


def test_an_allowed_picture_is_never_flagged() -> None:
    picture = pictures.scene(8)
    api.ban(pictures.encode(picture))
    banning.allow(picture=enrolment.picture_from_bytes(pictures.encode(picture)))

    upload = send(pictures.encode(picture), who=member())

    assert (upload.status, upload.reason) == ("approved", "allowlisted")
    assert set(Match.objects.values_list("set_aside", flat=True)) == {"allowlisted"}
    # The entry that bans it stands as well, and its other copies are as near to that.
    assert send(pictures.encode(picture, quality=60), who=member("bob")).status == "rejected"


def test_an_allowed_frame_does_not_excuse_a_banned_one() -> None:
    allowed, banned = pictures.scene(8), pictures.scene(9)
    api.ban(pictures.encode(banned))
    banning.allow(picture=enrolment.picture_from_bytes(pictures.encode(allowed)))

    upload = send(pictures.animation(allowed, banned), who=member(), name="a.gif")

    assert upload.status == "rejected"


def test_no_longer_allowed_reaches_back() -> None:
    picture = pictures.encode(pictures.scene(8))
    api.ban(picture)
    allowed = banning.allow(picture=enrolment.picture_from_bytes(picture))
    upload = send(picture, who=member())
    assert upload.status == "approved"

    blocklist.unban(banned_id=allowed.banned.pk)

    upload.refresh_from_db()
    assert upload.status == "rejected"


def test_an_exact_copy_is_found_as_one() -> None:
    data = pictures.encode(pictures.scene(5))
    api.ban(data)

    same_bytes = send(data, who=member())

    assert (same_bytes.status, same_bytes.reason) == ("rejected", "exact_copy")
    assert "sha256" in Match.objects.values_list("method", flat=True)
