"""``manage.py calibrate`` for the second tier."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from moderation import api, selectors
from moderation.models import Upload
from moderation.services.blocklists import blocklist
from tests import pictures
from tests.entrypoints.commands import run
from tests.services.people import member, send

pytest.importorskip("cv2", reason="the extra `local` (OpenCV) is not installed")
pytestmark = pytest.mark.django_db(transaction=True)

WALL = pictures.scene(700, (480, 400))


def before_wall(seed: int) -> Image.Image:
    page = WALL.copy()
    page.paste(pictures.scene(seed, (240, 200)), (200, 160))
    return page


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return six pictures that have nothing in common."""
    for seed in range(1, 7):
        (tmp_path / f"{seed}.jpg").write_bytes(pictures.encode(pictures.scene(seed, (480, 400))))
    return tmp_path


def local_lines(*arguments: object) -> list[dict[str, Any]]:
    found = run("calibrate", *arguments)
    assert found.status == 0
    return [line for line in found.lines if line["algorithm"] == "local/1"]


def test_it_counts_innocent_pairs_and_says_what_that_supports(folder: Path) -> None:
    rates, few, many = local_lines("--innocent", folder, "--entries", 1, "--entries", 10_000, "--target", 0.2)

    assert (rates["pictures"], rates["pairs"], rates["pairs_held"]) == (6, 15, 0)
    assert 0.15 < rates["bound_per_pair"] < 0.2, "15 pairs without an event: 1 − 0.05^(1/15)"
    assert (few["entries"], few["supports"]) == (1, "hold")
    assert (many["entries"], many["supports"]) == (10_000, "off")
    assert many["hold_flags_at_most"] > 0.99


def test_pictures_before_one_wall_are_counted(folder: Path) -> None:
    for seed in (50, 66):
        (folder / f"wall-{seed}.jpg").write_bytes(pictures.encode(before_wall(seed)))

    rates = local_lines("--innocent", folder, "--entries", 300)[0]

    assert (rates["pictures"], rates["pairs_held"]) == (8, 1)


def test_with_the_sites_own_uploads_it_asks_the_lists_too() -> None:
    default = selectors.blocklist_named("default")
    default.radii = {"dhash256": [None, 0], "phash256": [None, 0]}
    blocklist.change_list(blocklist=default)
    for seed in range(2, 6):
        send(pictures.encode(pictures.scene(seed, (480, 400))), who=member(f"m{seed}"))
    entry = api.ban(pictures.encode(before_wall(1))).banned
    upload = send(pictures.encode(before_wall(66)), who=member("ada"))
    assert upload.status == "held"
    blocklist.change_entry(banned_id=entry.pk, local="off")
    assert Upload.objects.filter(status="approved").count() == 5

    against = local_lines("--entries", 300)[-1]

    assert (against["list"], against["entries"], against["pictures"]) == (True, 1, 5)
    assert (against["held"], against["blocked"]) == (1, 0)
    assert against["held_at_most"] > 0.2


def test_it_can_be_left_out(folder: Path, settings: Any) -> None:
    assert local_lines("--innocent", folder, "--tiers", "1") == []

    settings.MODERATION = {**settings.MODERATION, "LOCAL": False}
    assert run("calibrate", "--innocent", folder, "--tiers", "2").status == 2
    assert local_lines("--innocent", folder) == []
