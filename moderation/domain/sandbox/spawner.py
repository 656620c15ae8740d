"""A thread that lives as long as the process and starts its children.

Linux sends the parent-death signal when the *thread* that started a child ends (prctl(2),
``PR_SET_PDEATHSIG``). Under runserver or gunicorn's threads a child started by a request would die with
that request, so all are started here.
"""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

Out = TypeVar("Out")

_lock = threading.Lock()
_work: queue.SimpleQueue[tuple[Future[Any], Callable[[], Any]]] | None = None


def start(step: Callable[[], Out]) -> Future[Out]:
    """Run ``step`` in the spawner's thread, soon."""
    global _work  # noqa: PLW0603 (one thread a process is the point)
    promise: Future[Out] = Future()
    with _lock:
        if _work is None:
            _work = queue.SimpleQueue()
            threading.Thread(target=_run, args=(_work,), name="moderation-sandbox", daemon=True).start()
        _work.put((promise, step))
    return promise


def _run(work: queue.SimpleQueue[tuple[Future[Any], Callable[[], Any]]]) -> None:
    while True:
        promise, step = work.get()
        try:
            promise.set_result(step())
        except BaseException as error:  # noqa: BLE001 (it is raised again where the result is awaited)
            promise.set_exception(error)
        del promise, step


def _forget() -> None:
    # A forked child has no threads but one, and perhaps a lock that nobody will ever release.
    global _lock, _work
    _lock, _work = threading.Lock(), None


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
