"""Different pictures before one wall, and what becomes of them."""

from __future__ import annotations

from typing import Any

from PIL import Image

from moderation import selectors
from moderation.models import Decision, Upload
from moderation.services.blocklists import blocklist
from moderation.services.desk import review
from tests import pictures
from tests.services.people import member, send

WALL = pictures.scene(700, (480, 400))


def before_wall(seed: int) -> Image.Image:
    """Draw a picture of which three quarters of the area are the same wall."""
    page = WALL.copy()
    page.paste(pictures.scene(seed, (240, 200)), (200, 160))
    return page


CROP = before_wall(1).crop((15, 10, 470, 395))


def upload_of(picture: Image.Image, who: str) -> Upload:
    return send(pictures.encode(picture), who=member(who))


def status_of(upload: Upload) -> str:
    return Upload.objects.values_list("status", flat=True).get(pk=upload.pk)


def configure(**values: Any) -> None:
    default = selectors.blocklist_named("default")
    for name, value in values.items():
        setattr(default, name, value)
    blocklist.change_list(blocklist=default)


def approve(upload: Upload, actor: str = "7") -> Decision:
    review.approve(upload_id=upload.pk, actor_id=actor)
    decision: Decision = Decision.objects.filter(upload_id=upload.pk).latest("pk")
    return decision
