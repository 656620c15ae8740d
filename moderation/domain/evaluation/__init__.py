"""Edits × recall, and false positives: how good the tiers are on given pictures."""

from __future__ import annotations

from moderation.domain.evaluation.edits import EDITS, GROUPS, Edit
from moderation.domain.evaluation.page import page
from moderation.domain.evaluation.report import Report, report
from moderation.domain.evaluation.scoring import Found, Outcome, Picture, Scores, evaluate
from moderation.domain.evaluation.text import text_table

__all__ = [
    "EDITS",
    "GROUPS",
    "Edit",
    "Found",
    "Outcome",
    "Picture",
    "Report",
    "Scores",
    "evaluate",
    "page",
    "report",
    "text_table",
]
