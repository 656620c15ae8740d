"""gunicorn's settings: ``gunicorn --config python:config.gunicorn config.wsgi``.

SIGTERM stops taking connections, finishes what is being answered within ``graceful_timeout``, and ends
with status 0; whoever stops the container has to wait longer than that (``stop_grace_period``).
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

bind = f"{os.environ.get('HOST', '127.0.0.1')}:{os.environ.get('PORT', '8000')}"
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
threads = int(os.environ.get("WEB_THREADS", "4"))
worker_class = "gthread"
# Longer than a decoder's deadline and its one retry, so that nobody is killed in a screening (inline).
timeout = 60
graceful_timeout = 30
keepalive = 5
# Recycled, not all at once: what a library leaks does not add up.
max_requests = 5_000
max_requests_jitter = 500
# The heartbeat of gunicorn's workers must not wait for a disk.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108
accesslog = os.environ.get("ACCESS_LOG") or None
errorlog = "-"
# Never preloaded: each process has decoders and a thread of its own.
preload_app = False


def post_worker_init(_worker: Any) -> None:
    """Start a decoder, so that the first picture of a new process shall not wait for one."""
    from moderation.services.decoder import decoder

    decoder().prewarm()


def child_exit(_server: Any, worker: Any) -> None:
    """Forget the live numbers of a process that ended."""
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        try:
            from prometheus_client import multiprocess
        except ImportError:
            return
        multiprocess.mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]
