"""What a child process can be asked to do, and the types that go in and come out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from moderation.domain.analysis import Analysis, AnalysisOptions, Limits, Probe, WholeHash

Out = TypeVar("Out")


@dataclass(frozen=True)
class Job(Generic[Out]):
    """One function of the child: ``takes`` and ``gives`` are all that the wire will read."""

    name: str
    target: str
    """``module:function``, imported in the child only."""
    takes: object
    gives: type[Out]


PROBE: Job[Probe] = Job("probe", "moderation.domain.imaging:probe", tuple[bytes, Limits], Probe)
ANALYSE: Job[Analysis] = Job(
    "analyse", "moderation.domain.pipeline:analyse", tuple[bytes, AnalysisOptions], Analysis
)
WHOLE: Job[WholeHash] = Job("whole", "moderation.domain.whole:hash_whole", tuple[bytes, Limits], WholeHash)
JOBS: Mapping[str, Job[Probe] | Job[Analysis] | Job[WholeHash]] = {
    job.name: job for job in (PROBE, ANALYSE, WHOLE)
}


@dataclass(frozen=True, slots=True)
class Request:
    """The head of a request; the frame with the arguments follows it."""

    job: str
    seconds: float
    """Of processor time: the child has no more."""
    wall: float
    """Until the parent kills the child. The child's own alarm, should the parent be gone by then."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The head of an answer; for ``done`` the frame with the result follows it."""

    kind: str
    """``ready``, ``done``, ``error`` (of :mod:`moderation.exceptions`), ``memory``, ``crash``."""
    code: str = ""
    """The error's stable code, or the type of the unexpected exception."""
    message: str = ""
    trace: tuple[str, ...] = ()
    """``file:line function``, innermost last. No exception text: it could quote the picture."""
    containment: Mapping[str, str] | None = None
    """With ``ready``: what the child obtained from the platform."""
