"""Read queries that services, admin and views share."""

from moderation.selectors.matching import (
    LOCAL_MODES,
    Radii,
    bands,
    blocklist_named,
    codes_since,
    exact_hits,
    local_wanted,
    policy_entries,
    tightening,
    widest_radii,
)

__all__ = [
    "LOCAL_MODES",
    "Radii",
    "bands",
    "blocklist_named",
    "codes_since",
    "exact_hits",
    "local_wanted",
    "policy_entries",
    "tightening",
    "widest_radii",
]
