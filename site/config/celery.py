"""The site's Celery app: ``celery -A config worker``, ``celery -A config beat``."""

from __future__ import annotations

import os

from celery import Celery

from config import broker, worker_connections, worker_metrics

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

broker.install()
app = Celery("config")
app.config_from_object("config.queueing")
worker_connections.install(app)
app.autodiscover_tasks(["moderation"])

__all__ = ["app", "worker_metrics"]
