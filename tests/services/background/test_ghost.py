"""A picture that hides a ban as a ghost is approved: the ban forgets nothing that nobody could see."""

from __future__ import annotations

import pytest
from PIL import Image

from moderation import api
from moderation.models import BlocklistChange, LocalFingerprint
from tests import pictures
from tests.services.background.walls import WALL, approve, status_of, upload_of

pytest.importorskip("cv2", reason="the extra `local` (OpenCV) is not installed")
pytestmark = pytest.mark.django_db(transaction=True)

MIDDLE = (100, 85, 380, 315)
INSIDE = (8, 5, 272, 225)
"""Of the middle, a crop that shows nothing of what is around it."""


def banned_picture() -> Image.Image:
    """Return what must not be shown, in the middle of a wall."""
    page = WALL.copy()
    page.paste(pictures.scene(1, (280, 230)), MIDDLE[:2])
    return page


def ghost() -> Image.Image:
    """Draw the ghost: the wall's right edge is cut away; the middle is grey, but for a twentieth of the ban's
    contrast."""
    page = banned_picture()
    shown = page.crop(MIDDLE)
    page.paste(Image.blend(Image.new("RGB", shown.size, (128, 128, 128)), shown, 0.05), MIDDLE[:2])
    return page.crop((50, 0, 400, 340))


def test_approving_a_ghost_lets_no_real_copy_through() -> None:
    api.ban(pictures.encode(banned_picture()))
    waiting = upload_of(banned_picture().crop(MIDDLE).crop(INSIDE), "mallory")
    harmless = upload_of(ghost(), "eve")
    assert (waiting.status, harmless.status) == ("held", "held")

    approve(harmless)

    assert status_of(harmless) == "approved"
    assert status_of(waiting) == "held", "nobody has looked at it"
    assert upload_of(banned_picture().crop(MIDDLE), "bob").status == "held"


def test_the_visible_wall_around_a_ghost_is_learned() -> None:
    api.ban(pictures.encode(banned_picture()))
    harmless = upload_of(ghost(), "eve")

    approve(harmless)

    change = BlocklistChange.objects.latest("revision")
    mask = int.from_bytes(bytes(LocalFingerprint.objects.get().muted or b""))
    middle = sum(1 << (63 - row * 8 - column) for row in range(2, 6) for column in range(2, 6))
    assert change.kind == "background"
    assert change.detail["muted"] >= 8
    assert not mask & middle
