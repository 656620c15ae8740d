"""Run a command as a script would, and read its lines."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from typing import Any

from django.core.management import call_command
from django.core.management.base import CommandError


@dataclass(frozen=True)
class Outcome:
    status: int
    lines: list[dict[str, Any]]
    text: str
    message: str

    @property
    def line(self) -> dict[str, Any]:
        (only,) = self.lines
        return only


def run(name: str, *arguments: object, words: bool = False) -> Outcome:
    """Run a command; return its exit status and its JSON lines, or its text with ``words``."""
    out, error = io.StringIO(), io.StringIO()
    status, message = 0, ""
    given = [str(argument) for argument in arguments] + ([] if words else ["--json"])
    try:
        call_command(name, *given, stdout=out, stderr=error)
    except CommandError as failure:
        status, message = failure.returncode, str(failure)
    text = out.getvalue()
    lines = [] if words else [json.loads(line) for line in text.splitlines()]
    return Outcome(status, lines, text, message + error.getvalue())
