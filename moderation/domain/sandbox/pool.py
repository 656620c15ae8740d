"""The pool: warm children, one per caller at a time, killed and replaced when one misbehaves."""

from __future__ import annotations

import atexit
import logging
import os
import signal
import threading
import time
import weakref
from collections import Counter, deque
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Self

from moderation.domain.analysis import Analysis, AnalysisOptions, Limits, Probe
from moderation.domain.sandbox import spawner, trust, wire
from moderation.domain.sandbox.child import Child
from moderation.domain.sandbox.failures import error_of
from moderation.domain.sandbox.jobs import ANALYSE, JOBS, PROBE, Job, Out, Outcome
from moderation.domain.sandbox.limits import SandboxLimits
from moderation.exceptions import (
    DecoderCrashed,
    DecoderOutOfMemory,
    DecoderTimeout,
    SandboxBusy,
    SandboxFailure,
    SandboxUnavailable,
)

logger = logging.getLogger("moderation.sandbox")


class Sandbox:
    """Opens bytes from outside in child processes. Thread-safe; after a fork each process has its own.

    >>> with Sandbox(SandboxLimits(deadline=3)) as sandbox:
    ...     analysis = sandbox.analyse(data, AnalysisOptions())

    Children start when they are first needed (:meth:`prewarm` starts one now) and end with
    :meth:`close`, with the process, or after ``recycle_after`` pictures.
    """

    def __init__(
        self,
        limits: SandboxLimits | None = None,
        *,
        targets: Mapping[str, str] | None = None,
        executable: str = "",
    ) -> None:
        """``targets`` replaces functions by name (``{"analyse": "module:function"}``) for tests.

        ``executable`` is a Python with this project's packages, where ``sys.executable`` is none (a
        web server that embeds Python).
        """
        self.limits = limits or SandboxLimits()
        self._targets = {name: job.target for name, job in JOBS.items()} | dict(targets or {})
        self._executable = executable
        self._closed = False
        self._reset()
        _living.add(self)

    def probe(self, data: bytes, limits: Limits) -> Probe:
        """What the header says. Raises ImageRefused children, or SandboxFailure children."""
        return self._run(PROBE, (data, limits), lambda probe: trust.check_probe(probe, limits))

    def analyse(self, data: bytes, options: AnalysisOptions) -> Analysis:
        """Everything about a picture. Raises ImageRefused children, or SandboxFailure children.

        The digest is of ``data``, the re-encodings begin like what they say they are, and codes are of
        the algorithms asked for; beyond that the child is believed.
        """
        return self._run(ANALYSE, (data, options), lambda got: trust.check_analysis(got, data, options))

    def containment(self) -> dict[str, str]:
        """What the children obtained from this platform, in words. Starts one if none is there."""
        child = self._take()
        self._give_back(child)
        return dict(child.containment)

    def prewarm(self) -> None:
        """Start one child now and return at once; the first picture then waits less."""
        self._in_this_process()
        with self._changed:
            if self._closed or self._count:
                return
            self._count += 1
        self._replace()

    def counters(self) -> dict[str, int]:
        """How often something happened in this process since its start: for metrics.

        ``started``, ``pictures``, ``recycled``, ``timeouts``, ``crashes``, ``out_of_memory``.
        """
        names = ("started", "pictures", "recycled", "timeouts", "crashes", "out_of_memory")
        return {name: self._happened[name] for name in names}

    def pids(self) -> list[int]:
        """Process numbers of the children that this process has now."""
        self._in_this_process()
        with self._changed:
            return sorted(child.pid for child in self._children)

    def close(self) -> None:
        """Kill all children. Callers that wait for one get SandboxFailure. May be called twice."""
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

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _run(self, job: Job[Out], arguments: tuple[object, ...], check: Callable[[Out], None]) -> Out:
        child = self._take()
        try:
            answer = child.ask(job, arguments)
            if not isinstance(answer, Outcome):
                check(answer)
        except TimeoutError:
            raise self._failed(child, DecoderTimeout()) from None
        except wire.WireError as lost:
            raise self._failed(child, DecoderCrashed(), str(lost)) from None
        except BaseException:  # an interrupt in between: nobody knows what this child will say next
            self._retire(child)
            raise
        self._happened["pictures"] += 1
        if not isinstance(answer, Outcome):
            self._give_back(child)
            return answer
        error = error_of(answer)
        if isinstance(error, SandboxFailure):
            raise self._failed(child, error, " < ".join([answer.code, *reversed(answer.trace)]))
        self._give_back(child)
        raise error

    def _take(self) -> Child:
        """A child for the caller alone: an idle one, a new one, or the next that is given back."""
        self._in_this_process()
        until = time.monotonic() + self.limits.patience
        with self._changed:
            child = self._idle_or_none(until)
        if child is None:
            child = self._start()
        if not child.containment:
            self._greet(child)
        return child

    def _idle_or_none(self, until: float) -> Child | None:
        """Under the lock: an idle child, or None with a place reserved for a new one."""
        while True:
            if self._closed:
                raise SandboxUnavailable("The sandbox is closed.")
            while self._idle:
                child = self._idle.pop()
                if child.alive():
                    return child
                logger.warning("sandbox child %d died while idle", child.pid)
                self._happened["crashes"] += 1
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
            self._happened["started"] += 1
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

    def _give_back(self, child: Child) -> None:
        if child.served >= self.limits.recycle_after:
            self._happened["recycled"] += 1
            self._retire(child)
            return
        with self._changed:
            if not self._closed:
                self._idle.append(child)
                self._changed.notify()
                return
        self._dispose(child)

    def _failed(self, child: Child, error: SandboxFailure, details: str = "") -> SandboxFailure:
        status = self._retire(child)
        if status in _OUT_OF_TIME:
            error = DecoderTimeout()
        self._happened[_COUNTED.get(type(error), "crashes")] += 1
        logger.warning(
            "sandbox child %d replaced: %s (exit status %s) %s", child.pid, error.code, status, details
        )
        return error

    def _retire(self, child: Child) -> int | None:
        status = self._dispose(child)
        self._replace()
        return status

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
        """In a forked process: the children are the other's. They live on; their sockets are closed here."""
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
        self._happened: Counter[str] = Counter()


_COUNTED: Mapping[type[SandboxFailure], str] = {
    DecoderTimeout: "timeouts",
    DecoderOutOfMemory: "out_of_memory",
}
_OUT_OF_TIME = (-signal.SIGXCPU, -signal.SIGALRM)
_living: weakref.WeakSet[Sandbox] = weakref.WeakSet()


def _forget_all() -> None:
    for sandbox in list(_living):
        sandbox._forget()  # noqa: SLF001 (same module)


def _close_all() -> None:
    for sandbox in list(_living):
        sandbox.close()


os.register_at_fork(after_in_child=_forget_all)
atexit.register(_close_all)
