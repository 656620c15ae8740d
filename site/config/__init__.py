"""The runnable Django project."""

from __future__ import annotations

import os

# Searches are short: a thread for each core costs more than it brings, and the processes share the cores.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

if os.environ.get("REDIS_URL"):
    # In every process, so that what a request sends goes to this app's broker.
    from config.celery import app as celery_app

    __all__ = ["celery_app"]
