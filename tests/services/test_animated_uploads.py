"""Animations from the door to the verdict: all that is published was searched, and the uploader reads what it became."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from PIL import Image, ImageDraw

from moderation import api
from moderation.models import Screening
from moderation.services.uploads import messages
from tests import pictures
from tests.services.people import kept_files, member, send

pytestmark = pytest.mark.django_db(transaction=True)

SMALL = 64, 48


def animation(frames: Sequence[Image.Image], **options: Any) -> bytes:
    return pictures.encode(
        frames[0], "PNG", save_all=True, append_images=list(frames[1:]), **{"duration": 100, **options}
    )


def changing(count: int) -> list[Image.Image]:
    return [pictures.scene(seed, SMALL) for seed in range(count)]


def test_more_different_frames_than_may_be_searched_are_held(settings: Any) -> None:
    pytest.importorskip("cv2", reason="the extra `local` (OpenCV) is not installed")
    api.ban(pictures.encode(pictures.scene(500)))
    settings.MODERATION = {**settings.MODERATION, "PUBLISH_FRAME_CAP": 200, "SANDBOX_SECONDS": 30}

    upload = send(animation(changing(97)), who=member())

    assert (upload.status, upload.reason, kept_files("moderation_public")) == ("held", "views_unsearched", [])
    assert Screening.objects.get(upload_id=upload.pk).notes.split(",").count("local_views") == 1


def test_a_crop_in_one_frame_of_an_animation_is_held() -> None:
    pytest.importorskip("cv2", reason="the extra `local` (OpenCV) is not installed")
    banned = pictures.scene(77)
    api.ban(pictures.encode(banned))
    crop = banned.crop((60, 40, 360, 265)).resize((320, 240))
    frames = [*(pictures.scene(seed, (320, 240)) for seed in range(4)), crop]

    upload = send(animation(frames, duration=[500, 500, 500, 500, 490]), who=member())

    assert (upload.status, upload.reason) == ("held", "near_copy")


def test_who_sends_a_long_animation_reads_that_it_is_a_still(settings: Any) -> None:
    settings.MODERATION = {**settings.MODERATION, "PUBLISH_FRAME_CAP": 5}
    long, short = (send(animation(changing(count)), who=member()) for count in (6, 5))

    assert api.limits().published_frames == 5
    assert "still" in messages.of_upload(long)
    assert messages.of_upload(short) == "Your picture is published."


def test_who_sends_a_white_drawing_reads_on_what_it_lies() -> None:
    drawing = Image.new("RGBA", (200, 200))
    for number in range(20):
        ImageDraw.Draw(drawing).line((5, 5 + number * 9, 195, number * 37 % 200), fill="white", width=3)

    upload = send(pictures.encode(drawing, "PNG"), who=member())

    assert upload.status == "approved"
    assert "another ground" in messages.of_upload(upload)


def test_the_command_says_what_a_ban_of_an_animation_leaves_out(tmp_path: Path) -> None:
    file, out = tmp_path / "long.png", io.StringIO()
    file.write_bytes(animation(changing(63)))

    call_command("ban", str(file), "--json", stdout=out)

    line = json.loads(out.getvalue())
    assert (line["ok"], line["frames"], line["left_out"]) == (True, 60, 3)


def test_a_still_of_a_later_frame_of_a_banned_animation_is_rejected() -> None:
    frames = [*(Image.new("RGB", SMALL, (level, level, level)) for level in range(70)), *changing(9)]
    api.ban(animation(frames))

    later = send(pictures.encode(changing(9)[4], "PNG"), who=member())
    black = send(pictures.encode(Image.new("RGB", SMALL), "PNG"), who=member())

    assert (later.status, black.status) == ("rejected", "approved")
