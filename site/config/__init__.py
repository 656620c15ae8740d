"""The runnable Django project."""

from __future__ import annotations

import os

if os.environ.get("REDIS_URL"):
    # In every process, so that what a request sends goes to this app's broker.
    from config.celery import app as celery_app

    __all__ = ["celery_app"]
