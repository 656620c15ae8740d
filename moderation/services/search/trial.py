"""What a screening would say of bytes; nothing is stored."""

from __future__ import annotations

from dataclasses import dataclass

from moderation import selectors
from moderation.conf import get_settings
from moderation.services.decoder import decoder
from moderation.services.search import matching
from moderation.services.search.matching import Subject


@dataclass(frozen=True, slots=True)
class Trial:
    """A judgement that nobody acts on."""

    verdict: str
    """``allow``, ``hold`` or ``block``."""
    reason: str
    policy_text: str
    revision: int


def judge_bytes(data: bytes, *, tenant: str = "") -> Trial:
    """Judge by everybody's lists and those of ``tenant``.

    Raises :class:`moderation.exceptions.ImageRefused` and ``SandboxFailure`` children, and :class:`IndexUnavailable`.
    """
    analysis = decoder().analyse(data, get_settings().analysis())
    seen = matching.provisional(Subject.of(analysis, tenant=tenant))
    judgement = seen.judgement
    leading = judgement.leading
    text = selectors.blocklist_named(leading.entry.blocklist).policy_text if leading else ""
    return Trial(judgement.verdict, judgement.reason, text, seen.snapshot.state.number)
