"""What every command has in common: lines on stdout, progress and complaints on stderr, an exit status.

With ``--json`` stdout holds one JSON object per line and nothing else. Exit status 0: done; 1: something
failed, and its line says what; 2: wrong usage.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError, OperationalError, ProgrammingError

from moderation.exceptions import ModerationError
from moderation.management.progress import Progress

FAILED, WRONG_USAGE = 1, 2


def printable(path: Path | str) -> str:
    """Return a path as text that every stream and database takes; a name that is not UTF-8 loses bytes."""
    return os.fsencode(path).decode("utf-8", "replace")


def wrong_usage(message: str) -> CommandError:
    """Return an error to be raised for arguments that make no sense."""
    return CommandError(message, returncode=WRONG_USAGE)


class JsonCommand(BaseCommand):
    """A command that answers in lines. Children write them with :meth:`emit` and :meth:`emit_error`."""

    as_json = False
    lines = 0
    faults = 0
    _progress: Progress | None = None

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        parser = super().create_parser(prog_name, subcommand, **kwargs)
        parser.add_argument("--json", action="store_true", help="One JSON object per line on stdout.")
        return parser

    def execute(self, *args: Any, **options: Any) -> str | None:
        self.as_json, self.lines, self.faults = bool(options.get("json")), 0, 0
        try:
            super().execute(*args, **options)
        except (OperationalError, ProgrammingError) as error:
            raise CommandError(
                f"The database did not answer as it should ({_first_line(error)}). "
                "Is it there, and has `manage.py migrate` been run?",
                returncode=FAILED,
            ) from error
        except BrokenPipeError:
            # Whoever read the lines has seen enough (`| head`). Python would complain once more at its exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise SystemExit(FAILED) from None
        finally:
            self._hide_progress(for_good=True)
        if self.faults:
            raise CommandError(self.conclusion(), returncode=FAILED)
        return None

    def conclusion(self) -> str:
        """Return the last word on stderr when something failed."""
        return f"{self.faults} of {self.lines} failed."

    def progress(self, label: str, *, total: int | None = None) -> Progress:
        """Return a bar on stderr, drawn only where that is a terminal."""
        self._hide_progress(for_good=True)
        self._progress = Progress(self.stderr, label, total=total)
        return self._progress

    def emit(self, values: Mapping[str, Any], words: str, *, ok: bool = True) -> None:
        """Print one answer: ``values`` with ``--json``, ``words`` without."""
        self.lines += 1
        self.faults += not ok
        self._hide_progress()
        text = json.dumps({"ok": ok, **values}) if self.as_json else printable(words)
        self.stdout.write(text)

    def emit_error(self, error: ModerationError, values: Mapping[str, Any], subject: str) -> None:
        """Print the answer where something failed; the command goes on and exits with 1 at its end."""
        self.emit(
            {**values, "error": error.code, "message": str(error)},
            f"{subject}: {error} [{error.code}]",
            ok=False,
        )

    def _hide_progress(self, *, for_good: bool = False) -> None:
        if self._progress is not None:
            self._progress.hide()
            if for_good:
                self._progress = None


def _first_line(error: DatabaseError) -> str:
    return next(iter(str(error).strip().splitlines()), type(error).__name__)
