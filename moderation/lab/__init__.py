"""Edits × recall, and false positives: how good the tiers are on given pictures."""

from __future__ import annotations

from moderation.lab.baseline import Baseline
from moderation.lab.edits import EDITS, GROUPS, Edit
from moderation.lab.page import page
from moderation.lab.report import Report, report
from moderation.lab.scoring import Found, Outcome, Picture, Scores, evaluate
from moderation.lab.text import text_table

__all__ = [
    "EDITS",
    "GROUPS",
    "Baseline",
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
