"""A Celery worker's numbers for Prometheus: the web server does not know what the workers count.

``WORKER_METRICS_PORT`` switches it on (``WORKER_METRICS_HOST``, default this machine only);
``PROMETHEUS_MULTIPROC_DIR``, a folder of this worker's own that is empty when it starts, adds its pool up.
"""

from __future__ import annotations

import logging
import os
from typing import Any

from celery.signals import worker_init

logger = logging.getLogger("config.metrics")


@worker_init.connect(dispatch_uid="config.worker_metrics")
def serve(**_kwargs: Any) -> None:
    """Serve metrics in the worker's main process, before its pool starts."""
    port = os.environ.get("WORKER_METRICS_PORT")
    if not port:
        return
    try:
        from prometheus_client import REGISTRY, CollectorRegistry, start_http_server
        from prometheus_client.multiprocess import MultiProcessCollector
    except ImportError:
        logger.error("WORKER_METRICS_PORT is set, and the extra `metrics` is not installed.")
        return
    registry = REGISTRY
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    host = os.environ.get("WORKER_METRICS_HOST", "127.0.0.1")
    start_http_server(int(port), addr=host, registry=registry)
