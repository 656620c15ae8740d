"""What ``doctor`` looks at: one finding for each thing that has to be right."""

from __future__ import annotations

import logging
from collections.abc import Iterator

from moderation.services.operations.diagnosis import backlog, database, files, orphans, runtime
from moderation.services.operations.diagnosis.finding import Check, Finding

__all__ = ["CHECKS", "Finding", "examine"]

logger = logging.getLogger("moderation.doctor")

CHECKS: dict[str, Check] = {
    "database": database.answers,
    "migrations": database.migrations,
    "triggers": database.triggers_in_place,
    "revision": database.revision_row,
    "state": database.state,
    "settings": database.settings,
    "seal_key": database.seal_key,
    "quarantine_storage": files.quarantine_works,
    "public_storage": files.public_works,
    "quarantine_private": files.quarantine_is_private,
    "sandbox": runtime.sandbox,
    "algorithms": runtime.algorithms,
    "second_tier": runtime.second_tier,
    "index": runtime.index,
    "dispatcher": runtime.dispatcher_loads,
    "published_files": files.published_files,
    "orphans_public": orphans.public,
    "orphans_quarantine": orphans.quarantine,
    "pending": backlog.pending,
    "rescans": backlog.rescans,
    "file_removals": backlog.file_removals,
    "unsealed": backlog.unsealed,
}
"""By name, in an order in which what fails first explains what fails later."""


def examine(*, mend: bool = False) -> Iterator[Finding]:
    """Run every check, one after the other; one that raises is a finding too. With ``mend`` those that
    can repair something safely do."""
    for name, check in CHECKS.items():
        try:
            yield check(mend).named(name)
        except Exception as error:
            logger.debug("the check %s failed", name, exc_info=True)
            yield Finding.fault(f"It could not be looked at: {type(error).__name__}: {error}").named(name)
