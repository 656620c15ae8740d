"""Keep the former name of :mod:`moderation.admin.mixins` importable for one release."""

import warnings

from moderation.admin.mixins import BanPicturesMixin

__all__ = ["BanPicturesMixin"]

warnings.warn(
    "moderation.admin.hosts is now moderation.admin.mixins; the old name goes with the next release.",
    DeprecationWarning,
    stacklevel=2,
)
