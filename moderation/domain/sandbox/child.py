"""The parent's side of one child process."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping

from moderation.domain.sandbox import wire
from moderation.domain.sandbox.jobs import Job, Out, Outcome, Request
from moderation.domain.sandbox.limits import SandboxLimits

_BOOT = (
    "import json, sys\n"
    "sys.path[:] = json.loads(sys.argv[1])['path']\n"
    "from moderation.domain.sandbox.inside import main\n"
    "main()\n"
)
_OWN = {
    "LC_ALL": "C.UTF-8",
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    # Keep freed memory for the next picture. Otherwise every picture's buffers come from the system
    # anew: 600 page faults and 2.4 ms per avatar, measured on a virtual machine.
    "MALLOC_ARENA_MAX": "1",
    "MALLOC_MMAP_THRESHOLD_": str(32 << 20),
    "MALLOC_TRIM_THRESHOLD_": str(128 << 20),
}
_HANDED_ON = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
"""Where shared libraries are, on systems that keep them in unusual places."""


class Child:
    """A running decoder process. Not thread-safe: it belongs to one caller at a time."""

    def __init__(self, *, limits: SandboxLimits, targets: Mapping[str, str], executable: str = "") -> None:
        """Start the process and return before it is ready: see :meth:`greet`."""
        self.limits = limits
        self.served = 0
        self.containment: dict[str, str] = {}
        ours, theirs = socket.socketpair()
        given = {
            "memory": limits.memory,
            "open_files": limits.open_files,
            "cpu_seconds": int(limits.start_deadline + limits.recycle_after * (limits.deadline + 1)),
            "parent": os.getpid(),
            "targets": dict(targets),
            "path": [entry for entry in sys.path if os.path.isabs(entry)],  # noqa: PTH117 (not a path object)
        }
        with theirs:
            self._process = subprocess.Popen(
                [executable or sys.executable, "-I", "-B", "-c", _BOOT, json.dumps(given)],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=_environment(),
                cwd="/",
                close_fds=True,
                start_new_session=True,
            )
        self._channel = ours
        self.pid = self._process.pid

    def greet(self) -> None:
        """Wait until it is enclosed and has imported everything.

        Raises TimeoutError, WireError, or ChildProcessError with its own words about what failed.
        """
        until = time.monotonic() + self.limits.start_deadline
        outcome = self._outcome(until)
        if outcome.kind != "ready" or outcome.containment is None:
            raise ChildProcessError(outcome.message or outcome.kind)
        self.containment = dict(outcome.containment)

    def ask(self, job: Job[Out], arguments: tuple[object, ...]) -> Out | Outcome:
        """Have one job done within the deadline: its result, or what was said instead of one.

        Raises TimeoutError past the wall limit, WireError when it died or talks nonsense.
        """
        until = time.monotonic() + self.limits.wall
        self.served += 1
        request = Request(job=job.name, seconds=self.limits.deadline, wall=self.limits.wall)
        wire.send(self._channel, wire.encode(request) + wire.encode(arguments), until=until)
        outcome = self._outcome(until)
        if outcome.kind != "done":
            return outcome
        frame = wire.receive(self._channel, most=self.limits.answer, until=until)
        result: Out = wire.decode(job.gives, frame)
        return result

    def alive(self) -> bool:
        """Return whether the process still runs."""
        return self._process.poll() is None

    def strike(self) -> None:
        """End the process and whatever it started, at once, without touching what a caller may be reading from."""
        # The group's number may belong to another one once the process has been waited for.
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)

    def kill(self) -> int | None:
        """End the process, clean up, and return its exit status."""
        self.strike()
        self._channel.close()
        return self._process.wait()

    def forget(self) -> None:
        """Let go of the process without harming it, in a forked process: it is the other process's child."""
        self._channel.close()
        self._process.returncode = 0

    def _outcome(self, until: float) -> Outcome:
        outcome: Outcome = wire.decode(Outcome, wire.receive(self._channel, most=1 << 20, until=until))
        return outcome


def _environment() -> dict[str, str]:
    """Return the child's environment, with nothing of the parent's: no secrets, no database, no settings."""
    return _OWN | {name: os.environ[name] for name in _HANDED_ON if name in os.environ}
