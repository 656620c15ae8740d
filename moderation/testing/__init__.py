"""What a host's own tests need.

>>> class AvatarTests(ModerationTestMixin, TestCase):
...     def test_a_picture_is_published(self):
...         profile.avatar = ContentFile(drawn_picture(1), "me.jpg")
...         profile.save()
...         self.assertTrue(profile.avatar)

With pytest, the fixture ``isolated_moderation`` of :mod:`moderation.testing.fixtures` does what the mixin does.
"""

from __future__ import annotations

from moderation.testing.cases import ModerationTestCase, ModerationTestMixin
from moderation.testing.dispatchers import ImmediateDispatcher, PausedDispatcher, paused
from moderation.testing.isolation import forget, isolated
from moderation.testing.pictures import drawn_picture

__all__ = [
    "ImmediateDispatcher",
    "ModerationTestCase",
    "ModerationTestMixin",
    "PausedDispatcher",
    "drawn_picture",
    "forget",
    "isolated",
    "paused",
]
