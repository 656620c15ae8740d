"""``manage.py export_hashes``."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, cast

from django.core.management.base import CommandParser

from moderation import selectors
from moderation.exceptions import HashFileUnreadable, UnknownAlgorithm, UnknownBlocklist
from moderation.management.base import JsonCommand, printable, wrong_usage
from moderation.services.blocklists import exports
from moderation.services.blocklists.hash_files import JSON_ENDINGS


class Command(JsonCommand):
    help = (
        "Write the hashes of all active entries, as import_hashes takes them: CSV, or JSON lines where FILE ends in "
        ".jsonl. FILE “-” is stdout. The file is put in its place when it is complete."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", metavar="FILE", type=Path)
        parser.add_argument("--blocklist", metavar="SLUG", help="Only of this list.")
        parser.add_argument(
            "--algorithm", metavar="NAME", action="append", default=[], help="Only of this one; repeatable."
        )
        parser.add_argument("--format", choices=("csv", "jsonl"), help="Whatever FILE ends in.")

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["file"]
        wanted = options["format"] or ("jsonl" if path.suffix.lower() in JSON_ENDINGS else "csv")
        try:
            blocklist = selectors.blocklist_named(options["blocklist"]) if options["blocklist"] else None
            with self.progress("hashes") as progress, self._target(path) as stream:
                written = exports.export(
                    stream=stream,
                    json_lines=wanted == "jsonl",
                    blocklist=blocklist,
                    algorithms=options["algorithm"],
                    progress=progress.reach,
                )
        except (UnknownBlocklist, UnknownAlgorithm) as error:
            raise wrong_usage(str(error)) from error
        except OSError as error:
            failure = HashFileUnreadable(f"{printable(path)} cannot be written: {error.strerror or error}.")
            self.emit_error(failure, {"file": printable(path)}, printable(path))
            return
        if str(path) == "-":
            self.stderr.write(f"{written:,} hashes written.", style_func=str)
        else:
            self.emit(
                {"file": printable(path), "exported": written, "format": wanted},
                f"{written:,} hashes written to {printable(path)}.",
            )

    @contextlib.contextmanager
    def _target(self, path: Path) -> Iterator[IO[str]]:
        if str(path) == "-":
            yield cast("IO[str]", _Unterminated(self.stdout))
            return
        descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as stream:
                yield stream
            Path(temporary).chmod(0o640)
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise


class _Unterminated:
    """Django ends everything that is written to a command's stdout with a line end; these lines have one."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        self._stream.write(text, ending="")
        return len(text)
