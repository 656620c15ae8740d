"""Say what an upload may be, in words for a form. The numbers are moderation's, written nowhere else."""

from __future__ import annotations

from dataclasses import dataclass

from moderation import api

MEBIBYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class UploadLimits:
    """What may be sent."""

    max_bytes: int
    largest: str
    """``20 MB``, which no line break parts."""
    formats: str
    """``JPEG, PNG or GIF``."""
    accept: str
    """For a file field: ``image/jpeg,image/png,image/gif``."""
    frames: int
    """Up to which an animation stays one."""


def upload_limits() -> UploadLimits:
    """Return the limits as they are configured now."""
    limits = api.limits()
    names = ["WebP" if name == "WEBP" else name for name in limits.formats]
    return UploadLimits(
        max_bytes=limits.max_bytes,
        largest=f"{limits.max_bytes / MEBIBYTE:.3g}\u00a0MB",
        formats=" or ".join(filter(None, [", ".join(names[:-1]), names[-1]])),
        accept=",".join(f"image/{name.lower()}" for name in limits.formats),
        frames=limits.published_frames,
    )
