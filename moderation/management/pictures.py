"""Files that are named on the command line: folders are walked, and what cannot be read is an answer."""

from __future__ import annotations

import argparse
import hashlib
import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from django.core.management.base import CommandParser

from moderation.conf import get_settings
from moderation.exceptions import ImageRefused, NoFiles, PathUnreadable
from moderation.management.base import printable
from moderation.services.uploads import intake


@dataclass(frozen=True, slots=True)
class PictureFile:
    """The beginning of a file, as much as may be taken, and one byte to show that there is more."""

    path: Path
    data: bytes
    size: int


def add_paths(parser: CommandParser) -> None:
    """Add the positional argument ``PATH…``."""
    parser.add_argument(
        "paths",
        metavar="PATH",
        nargs="+",
        type=_path,
        help="A picture, or a folder: it is walked with all its folders, hidden files and links to "
        "folders left out.",
    )


def _path(text: str) -> Path:
    if not text:
        raise argparse.ArgumentTypeError("a path must not be empty")
    return Path(text)


def files_under(paths: Sequence[Path]) -> Iterator[Path | tuple[Path, PathUnreadable]]:
    """Yield every file, in the order of the arguments and by name within a folder; or why there is none."""
    for path in paths:
        if not path.is_dir():
            yield path
            continue
        found = False
        for one in _walk(path):
            found = True
            yield one
        if not found:
            yield path, NoFiles(f"There is no file in {printable(path)}.")


def _walk(folder: Path) -> Iterator[Path | tuple[Path, PathUnreadable]]:
    troubles: list[OSError] = []
    for place, folders, names in os.walk(folder, onerror=troubles.append):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (Path(place, name) for name in sorted(names) if not name.startswith("."))
        yield from _reported(troubles)
    yield from _reported(troubles)


def _reported(troubles: list[OSError]) -> Iterator[tuple[Path, PathUnreadable]]:
    for trouble in troubles:
        yield Path(trouble.filename), unreadable(Path(trouble.filename), trouble)
    troubles.clear()


def read(path: Path) -> PictureFile:
    """Read a file. Raises :class:`PathUnreadable`. Does not wait for a pipe that nobody writes to."""
    most = get_settings().max_bytes + 1
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as file:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise PathUnreadable(f"{printable(path)} is no regular file.")
            return PictureFile(path, file.read(most), status.st_size)
    except OSError as error:
        raise unreadable(path, error) from error


def unreadable(path: Path, error: OSError) -> PathUnreadable:
    """Return the error in words."""
    return PathUnreadable(f"{printable(path)} cannot be read: {error.strerror or error}.")


def record_refusal(file: PictureFile, refusal: ImageRefused) -> None:
    """Record in the audit that a command turned these bytes away; the bytes are not kept."""
    intake.refuse(
        reason=refusal.code,
        size=file.size,
        digest=hashlib.sha256(file.data).digest(),
        submitter=intake.Submitter(file_name=printable(file.path.name)),
        door="command",
    )
