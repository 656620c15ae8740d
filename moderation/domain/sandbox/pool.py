"""The pool: warm children, one per caller at a time, replaced when they are worn out or misbehave."""

from __future__ import annotations

import atexit
import logging
import os
import threading
import time
import weakref
from collections import deque
from collections.abc import Mapping

from moderation.domain.sandbox import spawner, wire
from moderation.domain.sandbox.child import Child
from moderation.domain.sandbox.limits import SandboxLimits
from moderation.exceptions import SandboxBusy, SandboxUnavailable

logger = logging.getLogger("moderation.sandbox")


class Pool:
    """Children of this process. Thread-safe; after a fork the new process has an empty pool of its own."""

    def __init__(self, *, limits: SandboxLimits, targets: Mapping[str, str], executable: str) -> None:
        self.limits = limits
        self._targets, self._executable = targets, executable
        self._closed = False
        self._reset()
        _living.add(self)

    def take(self) -> Child:
        """Return a child for the caller alone: an idle one, a new one, or the next that is given back."""
        self._in_this_process()
        until = time.monotonic() + self.limits.patience
        with self._changed:
            child = self._idle_or_none(until)
        if child is None:
            child = self._start()
        if not child.containment:
            self._greet(child)
        return child

    def give_back(self, child: Child) -> None:
        """Return a child that is as good as before to the idle ones."""
        if child.served >= self.limits.recycle_after:
            self.retire(child)
            return
        with self._changed:
            if not self._closed:
                self._idle.append(child)
                self._changed.notify()
                return
        self._dispose(child)

    def retire(self, child: Child) -> int | None:
        """Kill the child and start another in its place. Returns its exit status."""
        status = self._dispose(child)
        self._replace()
        return status

    def prewarm(self) -> None:
        """Start one child without waiting for it, if there is none."""
        self._in_this_process()
        with self._changed:
            if self._closed or self._count:
                return
            self._count += 1
        self._replace()

    def pids(self) -> list[int]:
        """Process numbers of the children."""
        self._in_this_process()
        with self._changed:
            return sorted(child.pid for child in self._children)

    def close(self) -> None:
        """Kill all children; nobody gets one any more."""
        if self._pid != os.getpid():
            return
        with self._changed:
            self._closed = True
            idle = list(self._idle)
            self._idle.clear()
            busy = self._children.difference(idle)
            self._changed.notify_all()
        for child in busy:  # its caller sees the end of the stream, and cleans up
            child.strike()
        for child in idle:
            self._dispose(child)

    def _idle_or_none(self, until: float) -> Child | None:
        """Return an idle child, or None with a place reserved for a new one. The caller holds the lock."""
        while True:
            if self._closed:
                raise SandboxUnavailable("The sandbox is closed.")
            while self._idle:
                child = self._idle.pop()
                if child.alive():
                    return child
                logger.warning("sandbox child %d died while idle", child.pid)
                self._dispose(child)
                self._count -= 1
            if self._count < self.limits.workers:
                self._count += 1
                return None
            if not self._changed.wait(until - time.monotonic()):
                raise SandboxBusy

    def _start(self) -> Child:
        try:
            return spawner.start(self._spawn).result()
        except OSError as error:
            self._vacate()
            logger.error("sandbox child could not be started: %s", error)
            raise SandboxUnavailable from error

    def _spawn(self) -> Child:
        child = Child(limits=self.limits, targets=self._targets, executable=self._executable)
        with self._changed:
            self._children.add(child)
        return child

    def _greet(self, child: Child) -> None:
        try:
            child.greet()
        except (OSError, wire.WireError) as error:  # TimeoutError and ChildProcessError among them
            self._dispose(child)
            self._vacate()
            logger.error("sandbox child %d did not become ready: %s", child.pid, error)
            raise SandboxUnavailable from error

    def _dispose(self, child: Child) -> int | None:
        with self._changed:
            self._children.discard(child)
        return child.kill()

    def _replace(self) -> None:
        """Start another in the reserved place, without waiting: it imports while nobody needs it."""
        if self._closed:
            return
        spawner.start(self._spare)

    def _spare(self) -> None:
        try:
            child = self._spawn()
        except OSError:
            logger.exception("sandbox child could not be started")
            self._vacate()
            return
        with self._changed:
            if not self._closed:
                # Taken last: the others are warm already.
                self._idle.appendleft(child)
                self._changed.notify()
                return
        self._dispose(child)

    def _vacate(self) -> None:
        with self._changed:
            self._count -= 1
            self._changed.notify()

    def _in_this_process(self) -> None:
        if self._pid != os.getpid():
            self._forget()

    def _forget(self) -> None:
        """Let go of the children in a forked process: they are the other's and live on; their sockets are closed
        here."""
        for child in self._children:
            child.forget()
        self._reset()

    def _reset(self) -> None:
        self._pid = os.getpid()
        # Re-entrant: a signal handler or a collection may come in between and close the sandbox.
        self._changed = threading.Condition(threading.RLock())
        self._idle: deque[Child] = deque()
        self._children: set[Child] = set()
        self._count = 0


_living: weakref.WeakSet[Pool] = weakref.WeakSet()


def _forget_all() -> None:
    for pool in list(_living):
        pool._forget()  # noqa: SLF001 (same module)


def _close_all() -> None:
    for pool in list(_living):
        pool.close()


os.register_at_fork(after_in_child=_forget_all)
atexit.register(_close_all)
