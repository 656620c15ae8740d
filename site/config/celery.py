"""The site's Celery app: ``celery -A config worker``, ``celery -A config beat``."""

from __future__ import annotations

import os

from celery import Celery

from config import worker_metrics
from moderation.dispatch import workers

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("config")
app.config_from_object("config.queueing")
workers.install(app)
app.autodiscover_tasks(["moderation"])

__all__ = ["app", "worker_metrics"]
