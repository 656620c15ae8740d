"""Checks of what is installed: decoders, and the libraries that the settings ask for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib.util import find_spec

import PIL
from django.core.checks import CheckMessage, Error, Tags
from django.core.checks import Warning as Caution
from PIL import features

from moderation.checks.registering import checked
from moderation.conf import get_settings
from moderation.services.search.local import NOT_CAUGHT

CODECS = {"JPEG": "jpg", "PNG": "zlib", "WEBP": "webp", "AVIF": "avif"}

PILLOW_FLOOR = (13, 0)


@checked(Tags.security)
def decoders_are_current(databases: Sequence[str]) -> Iterator[CheckMessage]:
    """E006, W002: an old Pillow, or one that cannot read a format that the settings allow."""
    version = tuple(int(part) for part in PIL.__version__.split(".")[:2])
    if version < PILLOW_FLOOR:
        yield Error(
            f"Pillow {PIL.__version__} has decoder overflows that an uploader can reach.",
            hint="Install Pillow 13 or later.",
            id="moderation.E006",
        )
    unreadable = sorted(
        name for name in get_settings().formats if name in CODECS and not features.check(CODECS[name])
    )
    if unreadable:
        yield Caution(
            f"This Pillow cannot read {', '.join(unreadable)}, which MODERATION[“FORMATS”] allows.",
            hint="Install a Pillow with these codecs, or take the formats out.",
            id="moderation.W002",
        )


@checked(Tags.compatibility)
def second_tier_is_there(databases: Sequence[str]) -> Iterator[CheckMessage]:
    """E012, W007: the second tier is off, or asked for without its library."""
    there = find_spec("cv2") is not None
    if get_settings().local and not there:
        yield Error(
            "MODERATION[“LOCAL”] is on, and OpenCV is not installed: no upload could be screened.",
            hint="pip install 'django-image-blocklist[local]', or take MODERATION[“LOCAL”] out.",
            id="moderation.E012",
        )
    elif not get_settings().local:
        how = "Take MODERATION[“LOCAL”] out" if there else "pip install 'django-image-blocklist[local]'"
        yield Caution(
            f"The second tier is off, so nothing looks for {NOT_CAUGHT}.",
            hint=f"{how}; or, if you want it so, put moderation.W007 into SILENCED_SYSTEM_CHECKS.",
            id="moderation.W007",
        )
