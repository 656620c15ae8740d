"""This process's sandbox, made from the settings; nothing else opens bytes from outside."""

from __future__ import annotations

import threading

from moderation.conf import get_settings
from moderation.domain.sandbox import Sandbox, SandboxLimits

_lock = threading.Lock()
_sandboxes: dict[SandboxLimits, Sandbox] = {}


def decoder() -> Sandbox:
    """Return the sandbox for the present settings; made at first use, shared by all threads."""
    settings = get_settings()
    limits = SandboxLimits(
        memory=settings.sandbox_memory_mb * 1024 * 1024,
        deadline=settings.sandbox_seconds,
        recycle_after=settings.sandbox_recycle,
        workers=settings.sandbox_workers,
    )
    sandbox = _sandboxes.get(limits)
    if sandbox is None:
        with _lock:
            sandbox = _sandboxes.setdefault(limits, Sandbox(limits))
    return sandbox
