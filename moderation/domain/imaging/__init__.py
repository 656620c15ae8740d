"""Bytes to canonical pictures: formats, limits, colour, orientation, frames, one pre-scale, clean encodings.

Everything here runs on bytes from outside and belongs into the sandbox's child process.
"""

from __future__ import annotations

from moderation.domain.imaging.opening import probe

__all__ = ["IMAGING_VERSION", "probe"]

IMAGING_VERSION = 1
"""Rises when the canonical picture of some file changes; with it every algorithm's version does."""
