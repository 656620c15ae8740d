"""A process whose clock is wrong, as far as Python code can tell."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

from django.utils import timezone


def shift(seconds: float) -> None:
    """Make ``time.time`` and Django's ``timezone.now`` ``seconds`` off from now on.

    Before models are imported: their defaults hold on to the function.
    """
    real = time.time

    def shifted() -> float:
        return real() + seconds

    def now() -> datetime:
        return datetime.now(tz=UTC) + timedelta(seconds=seconds)

    time.time = shifted
    timezone.now = now
