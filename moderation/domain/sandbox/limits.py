"""What a sandboxed child may use."""

from __future__ import annotations

import os
from dataclasses import dataclass, field

WALL_FACTOR = 6
"""Wall time granted for a second of processor time: as much as a machine with six busy processes per core takes."""


def _cores() -> int:
    return os.cpu_count() or 1


@dataclass(frozen=True, slots=True)
class SandboxLimits:
    """Bounds for every child process of one :class:`~moderation.domain.sandbox.Sandbox`."""

    memory: int = 1024 * 1024 * 1024
    """Bytes of address space (``RLIMIT_AS``). A bomb becomes MemoryError; numpy, scipy and OpenBLAS
    with one thread start within a third of it."""
    deadline: float = 5.0
    """Seconds of processor time per picture; then the kernel ends the child. A picture within its limits is done in
    it, however busy the machine is."""
    start_deadline: float = 30.0
    """Seconds until a new child has imported everything."""
    patience: float = 60.0
    """Seconds that a caller waits for a free child."""
    recycle_after: int = 200
    """Pictures; a decoder that leaks, or was tampered with, does not live longer."""
    workers: int = field(default_factory=_cores)
    """Most children of one process. They are started when they are first needed."""
    open_files: int = 32
    answer: int = 96 * 1024 * 1024
    """Most bytes of an answer: the re-encodings and the codes."""

    @property
    def wall(self) -> float:
        """Seconds of wall time per picture, from the first byte sent, after which the child is killed: for one that
        waits, and for a machine that stands still."""
        return self.deadline * WALL_FACTOR

    def __post_init__(self) -> None:
        if self.workers < 1 or self.recycle_after < 1:
            raise ValueError("a sandbox needs at least one worker and one picture per worker")
        if min(self.deadline, self.start_deadline, self.patience) <= 0:
            raise ValueError("the sandbox's times are positive seconds")
