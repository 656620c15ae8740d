"""Evidence over the whole pipeline: who shares a layout is not rejected, and what has no signs is held."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PIL import Image

from moderation import api, selectors
from moderation.lab.layouts import LAYOUTS, strangers
from moderation.models import BannedImage, BannedSigns, Match, Upload, UploadSigns
from moderation.services.blocklists import blocklist, reach
from moderation.services.blocklists.enrolment import picture_from_bytes
from moderation.services.rescans import rescan, rescreening
from moderation.services.uploads import retention
from tests.pictures import edited_copies, encode, scene
from tests.services.people import member, send

pytestmark = pytest.mark.django_db(transaction=True)

PICTURE = scene(900)
COPY = edited_copies(PICTURE)["resized"]


@pytest.fixture(scope="module")
def pictures() -> Callable[[int], Image.Image]:
    made: dict[int, Image.Image] = {}
    return lambda number: made.setdefault(number, scene(5_000 + number))


@pytest.mark.parametrize(
    "name", ["card 35 %", "round avatar, dark", "bars at the sides", "icons", "profile card"]
)
def test_strangers_in_the_layout_of_a_ban_are_not_rejected(
    name: str, pictures: Callable[[int], Image.Image]
) -> None:
    banned, *others = strangers(LAYOUTS[name], 5, pictures=pictures, seed=23)
    api.ban(encode(banned, "PNG"))

    uploads = [send(encode(other, "PNG"), who=member(f"m{number}")) for number, other in enumerate(others)]

    assert {upload.status for upload in uploads} <= {"approved", "held"}
    assert send(encode(banned, quality=50), who=member()).status != "approved"


def test_the_match_says_what_agreed() -> None:
    api.ban(encode(PICTURE))

    upload = send(COPY, who=member())

    match = Match.objects.filter(band="block").earliest("pk")
    assert upload.status == "rejected"
    assert match.details["agree"] <= match.details["places"] <= 64
    assert len(bytes.fromhex(match.details["agreeing"])) == 8


def test_an_entry_without_signs_holds() -> None:
    banned = api.ban(encode(PICTURE)).banned
    BannedSigns.objects.all().delete()

    assert send(COPY, who=member()).status == "held"
    assert send(encode(PICTURE), who=member()).status == "rejected"
    assert BannedImage.objects.filter(pk=banned.pk, retired_revision__isnull=True).exists()


@pytest.mark.parametrize("data", [b"", b"\x63" + bytes(770), b"\x01" + bytes(769)])
def test_signs_of_another_version_or_damaged_ones_hold(data: bytes) -> None:
    api.ban(encode(PICTURE))
    BannedSigns.objects.update(data=data)

    assert send(COPY, who=member()).status == "held"


def test_reach_back_takes_a_copy_down_by_its_stored_signs() -> None:
    upload = send(COPY, who=member())
    assert upload.status == "approved"

    api.ban(encode(PICTURE))

    upload.refresh_from_db()
    assert upload.status == "rejected"


def test_reach_back_holds_an_upload_without_signs_or_picture() -> None:
    upload = send(COPY, who=member())
    UploadSigns.objects.all().delete()

    api.ban(encode(PICTURE))

    upload.refresh_from_db()
    assert upload.status == "held"


def test_reach_back_spares_who_shares_the_layout(pictures: Callable[[int], Image.Image]) -> None:
    banned, other = strangers(LAYOUTS["card 35 %"], 2, pictures=pictures, seed=24)
    upload = send(encode(other, "PNG"), who=member())

    api.ban(encode(banned, "PNG"))

    upload.refresh_from_db()
    assert upload.status == "approved"


def test_an_entry_that_is_banned_again_keeps_its_signs() -> None:
    banned = api.ban(encode(PICTURE)).banned
    blocklist.unban(banned_id=banned.pk)
    api.ban(encode(PICTURE))

    assert send(COPY, who=member()).status == "rejected"


def test_signs_go_with_the_codes_of_an_upload() -> None:
    upload = send(COPY, who=member())
    assert UploadSigns.objects.filter(upload=upload).exists()

    retention.forget_files(Upload.objects.get(pk=upload.pk))

    assert not UploadSigns.objects.exists()


def test_judging_again_at_the_same_signs_gives_the_same_verdict() -> None:
    api.ban(encode(PICTURE))
    upload = send(COPY, who=member())

    rescan.run(rescan_id=rescan.ask().pk)

    upload.refresh_from_db()
    assert upload.status == "rejected"
    assert rescreening.subject_of(upload).signs


def test_before_a_ban_its_reach_is_weighed_too(pictures: Callable[[int], Image.Image]) -> None:
    banned, other = strangers(LAYOUTS["round avatar, dark"], 2, pictures=pictures, seed=25)
    send(encode(other, "PNG"), who=member())
    unsigned = send(encode(banned, quality=60), who=member("bob"))
    send(encode(banned, quality=70), who=member("eve"))
    UploadSigns.objects.filter(upload=unsigned).delete()

    found = reach.reach_of(
        picture_from_bytes(encode(banned, "PNG")).analysis, blocklist=selectors.blocklist_named("default")
    )

    assert (found.block, found.hold, found.plain) == (1, 1, False)


@pytest.mark.parametrize("name", ["a light in the dark"])
def test_a_ban_with_nothing_particular_is_said_to_be_plain(
    name: str, pictures: Callable[[int], Image.Image]
) -> None:
    (light,) = strangers(LAYOUTS[name], 1, pictures=pictures, seed=26)
    picture = picture_from_bytes(encode(light, "PNG"))

    assert reach.reach_of(picture.analysis, blocklist=selectors.blocklist_named("default")).plain
