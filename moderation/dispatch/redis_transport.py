"""One correction to kombu's Redis transport (5.7), without which a frozen Redis stops a worker for good.

An acknowledgement that times out is logged and the connection is kept, since it works again when Redis
thaws. But the message still counts as being worked on, and with a prefetch of one the worker takes no
other ever again (tests/faults/test_f07_redis_frozen.py).
"""

from __future__ import annotations

from typing import Any

from kombu.transport import redis, virtual


class ForgivingQoS(redis.QoS):
    """Counts a message as done when telling Redis so has failed: Redis will deliver it once more, and the
    row in the database says that there is nothing left to do."""

    def ack(self, delivery_tag: Any) -> None:
        """Acknowledge; what it raises is logged by Celery."""
        try:
            super().ack(delivery_tag)
        except Exception:
            virtual.QoS.ack(self, delivery_tag)
            raise


def install() -> None:
    """Have every Redis channel of this process use it."""
    redis.Channel.QoS = ForgivingQoS
