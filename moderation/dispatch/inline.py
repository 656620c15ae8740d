"""The default: the work is done at once, in the process that took the upload."""

from __future__ import annotations

import logging

from moderation.services.rescans import rescan
from moderation.services.uploads import screening

logger = logging.getLogger("moderation.dispatch")


class InlineDispatcher:
    """Needs nothing but the database. What fails stays pending, and the sweep comes back to it."""

    periodic = True

    def screen(self, upload_id: int) -> None:
        """Screen now; errors are logged, never raised into the upload."""
        try:
            screening.screen(upload_id=upload_id)
        except Exception:
            logger.exception("upload %s stays pending", upload_id)

    def rescan(self, rescan_id: int) -> None:
        """Rescan now."""
        try:
            rescan.run(rescan_id=rescan_id)
        except Exception:
            logger.exception("rescan %s stays open", rescan_id)
