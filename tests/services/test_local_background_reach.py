"""A ban that many unrelated uploads resemble by their background alone is found before it is made."""

from __future__ import annotations

import json
from io import BytesIO, StringIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.management import call_command
from PIL import Image

from moderation import api, selectors
from moderation.exceptions import SandboxBusy
from moderation.models import BanDraft, BannedImage, Blocklist, BlocklistChange, Upload
from moderation.services.blocklists import blocklist
from moderation.services.blocklists.banning import EntryOptions
from moderation.services.desk import drafts
from moderation.services.desk.drafts import Common, File
from moderation.services.rescans import local_reach, rescreening
from tests import pictures
from tests.services.people import member, send

pytest.importorskip("cv2", reason="the extra `local` (OpenCV) is not installed")
pytestmark = pytest.mark.django_db(transaction=True)

WALL = pictures.scene(700, (480, 400))


def before_wall(seed: int) -> bytes:
    """Draw a picture of which three quarters of the area are the same wall."""
    page = WALL.copy()
    page.paste(pictures.scene(seed, (240, 200)), (200, 160))
    return pictures.encode(page)


def crop(seed: int) -> bytes:
    picture = Image.open(BytesIO(before_wall(seed)))
    return pictures.encode(picture.crop((15, 10, 470, 395)))


@pytest.fixture(autouse=True)
def default() -> Blocklist:
    """Let the second tier block, with fingerprints out of the way."""
    found = selectors.blocklist_named("default")
    found.local, found.radii = "block", {"dhash256": [None, 0], "phash256": [None, 0]}
    return blocklist.change_list(blocklist=found)


@pytest.fixture
def neighbours() -> list[Upload]:
    """Return uploads of as many people, before the same wall; and others."""
    for seed in range(90, 94):
        send(pictures.encode(pictures.scene(seed)), who=member(f"o{seed}"))
    seeds = (50, 51, 54, 55, 56, 58, 60, 61, 62)
    return [send(before_wall(seed), who=member(f"m{seed}")) for seed in seeds]


def draft(default: Blocklist, data: bytes) -> BanDraft:
    common = Common(blocklist=default, options=EntryOptions(), actor_id="7")
    return drafts.prepare(sources=[File("wall.jpg", data)], common=common).drafts[0]


def test_it_is_shown_with_the_reach(default: Blocklist, neighbours: list[Upload]) -> None:
    row = draft(default, before_wall(1))

    parts = drafts.reaches_of([row])[row.pk].parts

    assert parts is not None
    assert set(parts.uploads) == {upload.pk for upload in neighbours}
    assert (parts.looked_at, parts.users, parts.closely) == (13, 9, local_reach.CLOSELY)
    assert parts.shown >= 5
    assert parts.background


def test_such_a_ban_may_only_hold(default: Blocklist, neighbours: list[Upload]) -> None:
    result = drafts.confirm(draft_id=draft(default, before_wall(1)).pk, actor_id="7")

    assert result.banned.local == "hold"
    assert BlocklistChange.objects.latest("revision").detail["local"] == "hold"
    assert send(crop(1), who=member("mallory")).status == "held"
    assert "rejected" not in set(Upload.objects.values_list("status", flat=True))


def test_such_a_ban_of_a_host_may_only_hold_either(neighbours: list[Upload]) -> None:
    assert api.ban(before_wall(1)).banned.local == "hold"


def test_one_of_which_few_have_copies_is_not_restricted(default: Blocklist) -> None:
    for name in ("ada", "bob"):
        send(crop(1), who=member(name))
    row = draft(default, before_wall(1))
    parts = drafts.reaches_of([row])[row.pk].parts
    assert parts is not None
    assert (len(parts.uploads), parts.background) == (2, False)

    result = drafts.confirm(draft_id=row.pk, actor_id="7")

    assert result.banned.local == ""
    assert send(crop(1), who=member("mallory")).status == "rejected"


def captioned(seed: int) -> Image.Image:
    page = Image.new("RGB", (480, 520), "white")
    page.paste(pictures.scene(seed, (480, 400)), (0, 120))
    page.paste(pictures.scene(701, (480, 120)), (0, 0))
    return page


def test_copies_of_one_person_among_memes_are_no_background(default: Blocklist) -> None:
    """Or one account, where it has many places for pictures, could see to it that crops of a ban are only held."""
    for seed in range(50, 55):
        send(pictures.encode(captioned(seed)), who=member(f"m{seed}"))
    mallory = member("mallory").user
    for left in range(8):
        data = pictures.encode(captioned(1).crop((left + 10, 10, 470, 510)))
        place = member(f"place{left}"), "avatar"
        api.submit_upload(ContentFile(data, "crop.jpg"), owner=mallory, target=place)
    row = draft(default, pictures.encode(captioned(1)))

    result = drafts.confirm(draft_id=row.pk, actor_id="7")

    assert result.banned.local == ""
    assert set(Upload.objects.filter(owner_id=str(mallory.pk)).values_list("status", flat=True)) == {
        "rejected"
    }


def test_memes_with_the_same_words_are_no_background(default: Blocklist) -> None:
    """Keypoints agree, and the pictures do not: that is looked at closely, and not taken for it."""

    for seed in range(50, 60):
        send(pictures.encode(captioned(seed)), who=member(f"m{seed}"))
    row = draft(default, pictures.encode(captioned(1)))

    parts = drafts.reaches_of([row])[row.pk].parts

    assert parts is not None
    assert len(parts.uploads) >= 8
    assert (parts.shown, parts.background) == (0, False)


def test_the_page_says_so(default: Blocklist, neighbours: list[Upload], admin_client: Any) -> None:
    row = draft(default, before_wall(1))

    page = admin_client.get(f"/admin/moderation/bannedimage/reach/{row.batch}/")

    text = page.content.decode()
    assert "Parts of it may agree with 9 others of the newest 13 uploads, of 9 users" in text
    assert "probably the pictures share a background" in text
    assert neighbours[-1].reference in text


def test_the_page_is_there_while_no_decoder_is_free(
    default: Blocklist, neighbours: list[Upload], admin_client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = draft(default, before_wall(1))

    def busy(*_args: object) -> None:
        raise SandboxBusy

    monkeypatch.setattr(rescreening, "decoder", lambda: SimpleNamespace(analyse=busy))
    page = admin_client.get(f"/admin/moderation/bannedimage/reach/{row.batch}/")

    assert page.status_code == 200
    assert "Every decoder process was busy" in page.content.decode()
    with pytest.raises(SandboxBusy):
        drafts.confirm(draft_id=row.pk, actor_id="7")
    assert not BannedImage.objects.exists()


def test_the_command_says_so(tmp_path: Path, neighbours: list[Upload]) -> None:
    path = tmp_path / "wall.jpg"
    path.write_bytes(before_wall(1))
    out = StringIO()

    call_command("ban", str(path), "--json", stdout=out)

    parts = json.loads(out.getvalue())["parts"]
    assert (parts["looked_at"], parts["alike"], parts["background"]) == (13, 9, True)
    assert BannedImage.objects.get().local == "hold"


def test_where_the_list_does_not_use_the_tier_nothing_is_compared(
    default: Blocklist, neighbours: list[Upload]
) -> None:
    default.local = "off"
    blocklist.change_list(blocklist=default)
    row = draft(default, before_wall(1))

    assert drafts.reaches_of([row])[row.pk].parts is None
