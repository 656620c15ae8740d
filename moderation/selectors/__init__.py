"""Read queries that services, admin and views share."""

from moderation.selectors.matching import (
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
