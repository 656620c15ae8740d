"""Sending wake-ups without waiting for the broker.

A broker that refuses costs seconds of retries, and one that is frozen never answers (measured: more
than 24 s with Celery's defaults). An upload must not wait for either, and need not: the pending row
is the queue, a wake-up only saves time. So one thread a process sends, and when it fails the sweep
finds what was not sent.
"""

from __future__ import annotations

import atexit
import logging
import os
import queue
import threading
import time
from collections.abc import Callable

from moderation.services import metrics

logger = logging.getLogger("moderation.dispatch")

MOST = 1_000
"""Wake-ups that wait for a slow broker; what comes on top is left to the sweep."""
LAST_WORDS = 1.0
"""Seconds that a process which ends gives its thread to send what is left."""


class Publisher:
    """Hands calls to a thread. A process that was forked starts its own."""

    def __init__(self, *, most: int = MOST) -> None:
        self._most = most
        self._thread: threading.Thread | None = None
        self._reset()
        atexit.register(self.flush)

    def publish(self, send: Callable[[], object], *, what: str) -> None:
        """Have ``send`` called soon. Never raises, never waits; ``what`` is for the log."""
        if self._pid != os.getpid():
            self._reset()
        with self._starting:
            if self._thread is None:
                thread = threading.Thread(
                    target=self._run, args=(self._work,), name="moderation-publisher", daemon=True
                )
                thread.start()
                self._thread = thread
        try:
            self._work.put_nowait((send, what))
        except queue.Full:
            metrics.dispatch_failed()
            logger.error("%s was not sent, the broker does not keep up; the sweep will find it", what)

    def flush(self, *, within: float = LAST_WORDS) -> bool:
        """Wait until everything is sent or given up; False where that took longer than ``within`` s."""
        if self._pid != os.getpid() or self._thread is None:
            return True
        until = time.monotonic() + within
        with self._work.all_tasks_done:
            while self._work.unfinished_tasks:
                left = until - time.monotonic()
                if left <= 0:
                    return False
                self._work.all_tasks_done.wait(left)
        return True

    def _reset(self) -> None:
        self._pid = os.getpid()
        self._starting = threading.Lock()
        self._thread = None
        self._work: queue.Queue[tuple[Callable[[], object], str]] = queue.Queue(self._most)

    def _run(self, work: queue.Queue[tuple[Callable[[], object], str]]) -> None:
        while True:
            send, what = work.get()
            try:
                send()
            except Exception as error:  # noqa: BLE001 (a transport raises what it likes; the sweep finds the row)
                behind = _drain(work)
                metrics.dispatch_failed(1 + behind)
                logger.error(
                    "%s was not sent (%s), nor were %d behind it; the sweep will find them",
                    what,
                    type(error).__name__,
                    behind,
                )
            finally:
                work.task_done()


def _drain(work: queue.Queue[tuple[Callable[[], object], str]]) -> int:
    # Each of them would wait for the same broker in vain.
    count = 0
    while True:
        try:
            work.get_nowait()
        except queue.Empty:
            return count
        work.task_done()
        count += 1
