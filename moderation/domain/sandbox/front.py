"""What the rest of the project uses: one method for each job, and errors of this project."""

from __future__ import annotations

import logging
import signal
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Self

from moderation.domain.analysis import Analysis, AnalysisOptions, Limits, Probe, WholeHash
from moderation.domain.sandbox import trust, wire
from moderation.domain.sandbox.child import Child
from moderation.domain.sandbox.failures import error_of
from moderation.domain.sandbox.jobs import ANALYSE, JOBS, PROBE, WHOLE, Job, Out, Outcome
from moderation.domain.sandbox.limits import SandboxLimits
from moderation.domain.sandbox.pool import Pool
from moderation.exceptions import DecoderCrashed, DecoderTimeout, SandboxFailure

logger = logging.getLogger("moderation.sandbox")

OUT_OF_TIME = (-signal.SIGPROF, -signal.SIGXCPU, -signal.SIGALRM)
"""Exit statuses of a child that the kernel ended for its time."""


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
        """Start with ``limits``; ``targets`` replaces functions by name (``{"analyse": "module:function"}``) for
        tests.

        ``executable`` is a Python with this project's packages, where ``sys.executable`` is none (a
        web server that embeds Python).
        """
        self.limits = limits or SandboxLimits()
        self._pool = Pool(
            limits=self.limits,
            targets={name: job.target for name, job in JOBS.items()} | dict(targets or {}),
            executable=executable,
        )

    def probe(self, data: bytes, limits: Limits) -> Probe:
        """Return what the header says. Raises ImageRefused children, or SandboxFailure children."""
        return self._run(PROBE, (data, limits), lambda probe: trust.check_probe(probe, limits))

    def analyse(self, data: bytes, options: AnalysisOptions) -> Analysis:
        """Return everything about a picture. Raises ImageRefused children, or SandboxFailure children.

        The digest is of ``data``, the re-encodings begin like what they say they are, and codes are of
        the algorithms asked for; beyond that the child is believed.
        """
        return self._run(ANALYSE, (data, options), lambda got: trust.check_analysis(got, data, options))

    def hash_whole(self, data: bytes, limits: Limits) -> WholeHash:
        """Hash the picture as it is stored with PDQ. Raises ImageRefused children, or SandboxFailure children."""
        return self._run(WHOLE, (data, limits), trust.check_whole)

    def containment(self) -> dict[str, str]:
        """Return what the children obtained from this platform, in words. Starts one if none is there."""
        child = self._pool.take()
        self._pool.give_back(child)
        return dict(child.containment)

    def prewarm(self) -> None:
        """Start one child now and return at once; the first picture then waits less."""
        self._pool.prewarm()

    def pids(self) -> list[int]:
        """Process numbers of the children that this process has now."""
        return self._pool.pids()

    def close(self) -> None:
        """Kill all children. Callers that wait for one get SandboxFailure. May be called twice."""
        self._pool.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _run(self, job: Job[Out], arguments: tuple[object, ...], check: Callable[[Out], None]) -> Out:
        child = self._pool.take()
        try:
            answer = child.ask(job, arguments)
            if not isinstance(answer, Outcome):
                check(answer)
        except TimeoutError:
            raise self._failed(child, DecoderTimeout()) from None
        except wire.WireError as lost:
            raise self._failed(child, DecoderCrashed(), str(lost)) from None
        except BaseException:  # an interrupt in between: nobody knows what this child will say next
            self._pool.retire(child)
            raise
        if not isinstance(answer, Outcome):
            self._pool.give_back(child)
            return answer
        error = error_of(answer)
        if isinstance(error, SandboxFailure):
            raise self._failed(child, error, " < ".join([answer.code, *reversed(answer.trace)]))
        self._pool.give_back(child)
        raise error

    def _failed(self, child: Child, error: SandboxFailure, details: str = "") -> SandboxFailure:
        status = self._pool.retire(child)
        if status in OUT_OF_TIME:
            error = DecoderTimeout()
        logger.warning(
            "sandbox child %d replaced: %s (exit status %s) %s", child.pid, error.code, status, details
        )
        return error
