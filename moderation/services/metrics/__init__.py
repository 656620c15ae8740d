"""What happens here, counted for Prometheus (extra ``metrics``); without the extra nothing is counted.

Numbers of a process are kept by that process. Where several serve one address (gunicorn's workers, a
Celery worker's pool), ``PROMETHEUS_MULTIPROC_DIR`` names a folder in which they add up. What the
database knows is read when somebody asks: :mod:`moderation.services.operations.exposition`.
"""

from moderation.services.metrics.events import (
    attempt,
    dispatch_failed,
    refused_at_the_door,
    sandbox_failed,
    stage,
    too_many_uploads,
    verdict,
)

__all__ = [
    "attempt",
    "dispatch_failed",
    "refused_at_the_door",
    "sandbox_failed",
    "stage",
    "too_many_uploads",
    "verdict",
]
