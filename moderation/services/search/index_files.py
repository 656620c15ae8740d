"""Packed index files: where they lie, whether one is to be trusted, and when a new one is written.

A file only saves time. One that is missing, damaged, or of another database is not used; what it would
have held is read from the database, and a new one is written in the background.
"""

from __future__ import annotations

import fcntl
import logging
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol, TypeVar

from moderation.conf import get_settings
from moderation.domain.algorithms import ALGORITHMS
from moderation.domain.index import IndexFileFault, LayeredIndex

logger = logging.getLogger("moderation.index")

PAUSE = 60.0
"""Seconds until a compaction is tried again that failed, or that another process is at."""
STALE = 3600.0
"""Seconds after which the half-written file of a process that died is removed."""

Signature = tuple[int, int, int]
T = TypeVar("T")


class Compactable(Protocol):
    """An index whose content can go into a file, as :class:`LayeredIndex`."""

    @property
    def revision(self) -> int:
        """What it has been brought to."""

    @property
    def file_revision(self) -> int:
        """Of the file underneath; 0 where there is none."""

    def __len__(self) -> int: ...

    def should_compact(self) -> bool:
        """Return whether a new file would pay."""

    def compact(self, path: Path, *, algorithm: str) -> None:
        """Write a new file and go on with that."""


def bits_of(algorithm: str) -> int:
    """Return the width of the codes of a versioned algorithm."""
    return ALGORITHMS[algorithm.partition("/")[0]].bits


def folder() -> Path | None:
    """Return where the files lie; None where the settings want none."""
    place = get_settings().index_dir
    return Path(place) if place else None


@contextmanager
def writer_lock(place: Path, *, wait: bool) -> Iterator[bool]:
    """Yield whether this process may write files in ``place``: one at a time, to spare work and memory. Two that
    wrote at once would do no harm, as files are renamed into place."""
    place.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(place / ".writing", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            yield False
            return
        yield True
    finally:
        os.close(descriptor)


class IndexFiles:
    """The files of one kind, ``banned`` or ``uploads``, as one process uses them."""

    def __init__(self, kind: str, *, used: bool = True) -> None:
        self.kind = kind
        self.used = used
        """Whether files are opened, and written in the background."""
        self._seen: dict[str, Signature | None] = {}
        """How each file looked when this process opened or wrote it."""
        self._invalid: set[str] = set()
        """Algorithms whose file has to be replaced."""
        self._rest_until = 0.0
        self._thread: threading.Thread | None = None

    def path(self, algorithm: str) -> Path | None:
        """Return the path of an algorithm's file, such as ``banned-dhash256-1.index``; None where the settings want
        no files."""
        place = folder()
        return place / f"{self.kind}-{algorithm.replace('/', '-')}.index" if place else None

    def open(self, algorithm: str, *, validate: Callable[[LayeredIndex], str]) -> LayeredIndex | None:
        """Return the index in the file, or None. ``validate`` says in words why a whole file is not to be used, or
        nothing."""
        return self.opened(
            algorithm,
            lambda path: LayeredIndex.open(path, algorithm=algorithm, bits=bits_of(algorithm)),
            validate=validate,
        )

    def opened(
        self, algorithm: str, opener: Callable[[Path], T], *, validate: Callable[[T], str]
    ) -> T | None:
        """Return the same for an index of another kind, which ``opener`` reads."""
        path = self.path(algorithm)
        if path is None or not self.used:
            return None
        signature = _signature(path)
        if signature is None:
            return None
        layer: T | None
        try:
            layer = opener(path)
            reason = validate(layer)
        except IndexFileFault as fault:
            layer, reason = None, str(fault)
        if layer is None or reason:
            logger.warning("%s is read from the database and written anew: %s", path.name, reason)
            self._invalid.add(algorithm)
            self._seen[algorithm] = signature
            return None
        self._seen[algorithm] = signature
        return layer

    def replaced(self, algorithm: str) -> bool:
        """Return whether another process has put a new file in place of the one that this one knows."""
        path = self.path(algorithm)
        now = _signature(path) if path else None
        return now is not None and now != self._seen.get(algorithm)

    def due(self, layers: Mapping[str, Compactable]) -> set[str]:
        """Return the algorithms for which a new file would pay, or whose file was not to be trusted."""
        return {name for name, layer in layers.items() if name in self._invalid or layer.should_compact()}

    def compact(self, layers: Mapping[str, Compactable]) -> None:
        """Write new files in the background for those of ``layers`` for which it pays."""
        due = self.due(layers)
        place = folder()
        if not (due and self.used and place) or time.monotonic() < self._rest_until:
            return
        if self._thread is not None and self._thread.is_alive():
            return
        chosen = {name: layers[name] for name in sorted(due)}
        self._thread = threading.Thread(
            target=self._compact, args=(place, chosen), name=f"compact-{self.kind}", daemon=True
        )
        self._thread.start()

    def wait(self) -> None:
        """Wait until the background is done."""
        if self._thread is not None:
            self._thread.join()

    def _compact(self, place: Path, layers: Mapping[str, Compactable]) -> None:
        self._rest_until = time.monotonic() + PAUSE
        try:
            with writer_lock(place, wait=False) as mine:
                if not mine:
                    return
                clear_leftovers(place)
                for algorithm, layer in layers.items():
                    self._compact_one(algorithm, layer)
            self._rest_until = 0.0
        except (OSError, IndexFileFault) as error:
            logger.warning("no packed index file was written in %s: %s", place, error)

    def _compact_one(self, algorithm: str, layer: Compactable) -> None:
        path = self.path(algorithm)
        if path is None or not layer.revision:
            return
        started = time.monotonic()
        layer.compact(path, algorithm=algorithm)
        self._seen[algorithm] = _signature(path)
        self._invalid.discard(algorithm)
        logger.info(
            "%s written at %s, %s codes, in %.1f s",
            path.name,
            layer.file_revision,
            len(layer),
            time.monotonic() - started,
        )


def clear_leftovers(place: Path) -> None:
    """Remove what processes that died have left half written. Call it in one's :func:`writer_lock`."""
    for path in place.glob(".*.index.*.new"):
        try:
            if path.stat().st_mtime < time.time() - STALE:
                path.unlink()
        except FileNotFoundError:
            continue


def _signature(path: Path) -> Signature | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns
