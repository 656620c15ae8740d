"""Files that no row refers to; the sweep deletes those of the quarantine within two hours."""

from __future__ import annotations

from moderation.services.operations import orphans
from moderation.services.operations.diagnosis.finding import Finding
from moderation.services.operations.orphans import Orphans


def public(mend: bool) -> Finding:
    """Find out whether anything of ours is public that no approved upload refers to."""
    return _finding(orphans.public(), mend)


def quarantine(mend: bool) -> Finding:
    """Find out whether anything is kept in quarantine that nothing refers to."""
    return _finding(orphans.quarantine(), mend)


def _finding(found: Orphans, mend: bool) -> Finding:
    if not found.files:
        return Finding.fine(f"{found.examined:,} files, all with a row that refers to them.")
    if not mend:
        return Finding.fault(
            f"{len(found.files):,} of {found.examined:,} files belong to nothing. `doctor --mend` deletes them.",
            files=[name for _, name in found.files[:100]],
        )
    deleted = found.delete()
    return Finding.fine(f"{deleted:,} files that belonged to nothing are deleted.", mended=deleted)
