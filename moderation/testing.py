"""What a host's own tests need.

>>> @override_settings(MODERATION={"DISPATCHER": "moderation.testing.PausedDispatcher"})
... class AvatarTests(ModerationTestCase):
...     def test_the_old_avatar_stays_until_the_new_one_is_approved(self):
...         profile.avatar = ContentFile(drawn_picture(1), "me.jpg")
...         profile.save()
...         ...
...         paused().run()
"""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from django.test import TransactionTestCase
from PIL import Image

from moderation.dispatch.inline import InlineDispatcher
from moderation.services.dispatching import dispatcher
from moderation.services.search.earlier import earlier_uploads
from moderation.services.search.index import banned_codes
from moderation.services.search.local import banned_signatures

__all__ = ["ModerationTestCase", "PausedDispatcher", "drawn_picture", "forget", "paused"]


class PausedDispatcher:
    """A queue in memory that works when it is told to: uploads stay pending until :meth:`run`."""

    periodic = False

    def __init__(self) -> None:
        self.uploads: list[int] = []
        self.rescans: list[int] = []

    def screen(self, upload_id: int) -> None:
        """Remember the upload."""
        self.uploads.append(upload_id)

    def rescan(self, rescan_id: int) -> None:
        """Remember the rescan."""
        self.rescans.append(rescan_id)

    def run(self) -> None:
        """Do everything that waits, as a worker would."""
        worker = InlineDispatcher()
        while self.uploads or self.rescans:
            if self.uploads:
                worker.screen(self.uploads.pop(0))
            else:
                worker.rescan(self.rescans.pop(0))


def paused() -> PausedDispatcher:
    """Return the dispatcher in force. Raises :class:`TypeError` where the settings name another."""
    found = dispatcher()
    if not isinstance(found, PausedDispatcher):
        raise TypeError('Set MODERATION["DISPATCHER"] to "moderation.testing.PausedDispatcher" first.')
    return found


def forget() -> None:
    """Let the indexes of this process start anew: a test's database has another history than the last
    one's. :class:`ModerationTestCase` does it; a pytest fixture may call it."""
    banned_codes.forget()
    earlier_uploads.forget()
    banned_signatures.forget()


def drawn_picture(seed: int, *, size: tuple[int, int] = (400, 300), format_name: str = "JPEG") -> bytes:
    """Return a picture with structure, the same for the same seed; different seeds never match one another."""
    random = np.random.default_rng(seed)
    picture = Image.fromarray(random.integers(0, 255, (6, 8, 3), dtype=np.uint8))
    picture = picture.resize(size, Image.Resampling.BICUBIC)
    file = io.BytesIO()
    picture.save(file, format_name)
    return file.getvalue()


class ModerationTestCase(TransactionTestCase):
    """For tests that upload or ban.

    Verdicts come after the commit, so these tests commit.
    """

    def setUp(self) -> None:
        """Begin with indexes that know nothing."""
        super().setUp()
        forget()

    def _fixture_teardown(self) -> Any:
        forget()
        return super()._fixture_teardown()  # type: ignore[misc]  # Django's own hook, without a stub
