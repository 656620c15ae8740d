"""The child process: it encloses itself, imports the decoders, and answers requests one by one.

Started by :mod:`moderation.domain.sandbox.child` as ``python -I -B -c … <JSON>``, its one channel on
descriptor 0. It ends with the channel, with the parent, or by the kernel.
"""

from __future__ import annotations

import contextlib
import gc
import io
import json
import os
import signal
import socket
import sys
import traceback
from collections.abc import Callable, Mapping
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from PIL import Image

from moderation.domain.analysis import AnalysisOptions
from moderation.domain.sandbox import containment, wire
from moderation.domain.sandbox.jobs import ANALYSE, JOBS, Outcome, Request
from moderation.exceptions import ModerationError

_MOST_REQUEST = 1 << 30
_TRACE_DEPTH = 20
_MOST_MESSAGE = 500


def main() -> None:
    """Serve until the channel closes."""
    given = json.loads(sys.argv[1])
    channel = socket.socket(fileno=0)
    # Ctrl-C in a terminal is for the parent, who closes the channel; the alarms must not be ignored.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    try:
        got = containment.enclose(
            memory=given["memory"],
            open_files=given["open_files"],
            cpu_seconds=given["cpu_seconds"],
            parent=given["parent"],
        )
        functions = {name: _load(target) for name, target in given["targets"].items()}
        _warm_up(functions, plain=given["targets"] == {name: job.target for name, job in JOBS.items()})
        got |= containment.seal()
    except Exception as error:  # noqa: BLE001 (it is reported; the parent raises and logs it)
        wire.send(channel, wire.encode(_crash(error, quote=True)))
        return
    wire.send(channel, wire.encode(Outcome("ready", containment=got)))
    # What is alive now stays: later collections look at one picture's garbage only.
    gc.freeze()
    with contextlib.suppress(wire.WireClosedError):
        while True:
            _serve(channel, functions)


def _serve(channel: socket.socket, functions: Mapping[str, Callable[..., Any]]) -> None:
    request: Request = wire.decode(Request, wire.receive(channel, most=_MOST_REQUEST))
    job = JOBS[request.job]
    arguments = wire.decode(job.takes, wire.receive(channel, most=_MOST_REQUEST))
    # The parent kills at the wall limit; the alarm and the kernel's own limit are for the case that it cannot.
    signal.setitimer(signal.ITIMER_REAL, request.wall + 1)
    signal.setitimer(signal.ITIMER_PROF, request.seconds)
    containment.grant_cpu(request.seconds)
    answer = _answer(functions[job.name], arguments)
    signal.setitimer(signal.ITIMER_PROF, 0)
    signal.setitimer(signal.ITIMER_REAL, 0)
    wire.send(channel, answer)


def _answer(function: Callable[..., Any], arguments: tuple[Any, ...]) -> bytes:
    try:
        result = wire.encode(function(*arguments))
        return wire.encode(Outcome("done")) + result
    except MemoryError:
        # Nothing may be built here before the frames with the picture are gone.
        return _OUT_OF_MEMORY
    except ModerationError as error:
        return wire.encode(
            Outcome("error", code=error.code, message=" ".join(str(error).split())[:_MOST_MESSAGE])
        )
    except Exception as error:  # noqa: BLE001 (the parent logs it and replaces this process)
        return wire.encode(_crash(error))


def _crash(error: Exception, *, quote: bool = False) -> Outcome:
    frames = traceback.extract_tb(error.__traceback__, limit=-_TRACE_DEPTH)
    trace = tuple(f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames)
    return Outcome(
        "crash", code=type(error).__name__, message=repr(error)[:_MOST_MESSAGE] if quote else "", trace=trace
    )


def _load(target: str) -> Callable[..., Any]:
    module, _, name = target.partition(":")
    function = getattr(import_module(module), name)
    if not callable(function):
        raise TypeError(f"{target} is not callable")
    return function  # type: ignore[no-any-return]


def _warm_up(functions: Mapping[str, Callable[..., Any]], *, plain: bool) -> None:
    """Import what is imported late, by one picture of our own: the first upload shall not wait."""
    Image.init()
    with contextlib.suppress(ImportError):
        # dav1d and aom start a thread per core otherwise, and threads are not allowed here.
        vars(import_module("PIL.AvifImagePlugin"))["DEFAULT_MAX_THREADS"] = 1
    if plain:
        picture = io.BytesIO()
        Image.radial_gradient("L").resize((96, 64)).save(picture, "PNG")
        options = AnalysisOptions(
            want_clean=True, want_evidence=True, want_local=find_spec("cv2") is not None
        )
        functions[ANALYSE.name](picture.getvalue(), options)


_OUT_OF_MEMORY = wire.encode(Outcome("memory"))

if __name__ == "__main__":
    main()
    os._exit(0)
