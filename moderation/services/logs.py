"""Logs as JSON, one object a line, with the ids of what is being worked on.

``LOGGING["formatters"]["json"] = {"()": "moderation.services.logs.JSONFormatter"}``. Imports no models, so
that settings can name it.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime

_about: ContextVar[dict[str, object] | None] = ContextVar("moderation_about", default=None)
_DIGITS = re.compile(r"(?<![0-9A-Za-z])[0-9a-fA-F]{16,}(?![0-9A-Za-z])")
"""Hashes, from 64 bits on. A task's id has dashes, and stays."""
_BYTES = re.compile(r"""\bb(?P<quote>['"])(?:\\.|(?!(?P=quote)).)*(?P=quote)""", re.DOTALL)


@contextmanager
def about(**ids: object) -> Iterator[None]:
    """Make every line logged inside, by whatever module, carry these ids: ``upload=12``, ``task="…"``."""
    token = _about.set({**(_about.get() or {}), **ids})
    try:
        yield
    finally:
        _about.reset(token)


def subject() -> dict[str, object]:
    """Return the ids of what is being worked on."""
    return dict(_about.get() or {})


def without_content(text: str) -> str:
    """Return ``text`` without hashes and without bytes, should an exception quote them."""
    return _BYTES.sub("[bytes]", _DIGITS.sub("[hash]", text))


class JSONFormatter(logging.Formatter):
    """``time``, ``level``, ``logger``, ``message``, the ids, and ``error`` with the traceback."""

    def format(self, record: logging.LogRecord) -> str:
        """Return one line."""
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "process": record.process,
            "message": without_content(record.getMessage()),
            **subject(),
        }
        if record.exc_info and record.exc_info[0] is not None:
            line["error"] = record.exc_info[0].__name__
            line["traceback"] = without_content(self.formatException(record.exc_info))
        return json.dumps(line, ensure_ascii=False, default=str)
