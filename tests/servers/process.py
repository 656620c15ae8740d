"""A real server process that a test starts, kills, freezes and starts again.

The test process is the parent of what it kills: a server that was started by its own launcher
(`pg_ctl`) leaves lock files and orphans behind.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import psutil

from tests.waiting import eventually


def free_port() -> int:
    """Return a TCP port of the loopback that nobody listens on at this moment."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


def everything_of(pid: int) -> list[psutil.Process]:
    """Return the process and all its descendants, whatever group or session they have moved to."""
    with contextlib.suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        return [process, *process.children(recursive=True)]
    return []


class ServerProcess:
    """One process tree with a log file. Subclasses say how it is started and when it is ready."""

    name = "server"

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = folder / f"{self.name}.log"
        self.process: subprocess.Popen[bytes] | None = None

    def command(self) -> Sequence[str]:
        raise NotImplementedError

    def environment(self) -> Mapping[str, str]:
        return dict(os.environ)

    def user(self) -> int | None:
        return None

    def ready(self) -> bool:
        """Return whether it answers. May raise while it does not."""
        raise NotImplementedError

    @property
    def pid(self) -> int:
        assert self.process is not None, f"{self.name} is not running"
        return self.process.pid

    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def start(self, *, wait: bool = True, deadline: float = 30.0) -> None:
        user = self.user()
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self.environment(),
                cwd=self.folder,
                start_new_session=True,
                user=user,
                group=user,
                extra_groups=None if user is None else [],
            )
        atexit.register(self.kill)
        if wait:
            self.wait_until_ready(deadline=deadline)

    def wait_until_ready(self, *, deadline: float = 30.0) -> None:
        def ready() -> bool:
            assert self.running(), f"{self.name} ended: {self.tail()}"
            return self.ready()

        eventually(ready, deadline=deadline, or_say=self.tail)

    def kill(self) -> None:
        """Kill the whole tree (SIGKILL), no chance to clean up."""
        self._signal(signal.SIGKILL)
        if self.process is not None:
            self.process.wait()
        self.process = None

    def terminate(self, *, deadline: float = 20.0) -> int:
        """Send SIGTERM to the main process; return its exit status."""
        assert self.process is not None
        self.process.terminate()
        status = self.process.wait(deadline)
        self.process = None
        return status

    def freeze(self) -> None:
        """Stop the whole tree (SIGSTOP): connections stay open and nobody answers."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def restart(self) -> None:
        """Kill it if it runs, and start it again on the same data and port."""
        if self.process is not None:
            self.kill()
        self.start()

    def tail(self, lines: int = 40) -> str:
        """Return the end of its log."""
        if not self.log.exists():
            return ""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def _signal(self, number: int) -> None:
        if self.process is None or self.process.poll() is not None:
            return
        # Twice: what was started while the first list was made is in the second.
        for _ in range(2):
            victims = everything_of(self.process.pid)
            for victim in victims:
                with contextlib.suppress(psutil.NoSuchProcess):
                    victim.send_signal(number)
            if number != signal.SIGKILL:
                return
            until = time.monotonic() + 5
            while time.monotonic() < until and any(_alive(victim) for victim in victims):
                time.sleep(0.005)


def _alive(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.NoSuchProcess):
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    return False
