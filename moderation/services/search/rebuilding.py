"""Write the packed index files anew, from the database alone."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from moderation import selectors
from moderation.domain.index import LayeredIndex
from moderation.domain.local import compaction
from moderation.domain.local.index import METHOD
from moderation.exceptions import NoIndexFolder
from moderation.services import revision
from moderation.services.search import local_file
from moderation.services.search.earlier import UploadIndex
from moderation.services.search.index import bring
from moderation.services.search.index_files import IndexFiles, bits_of, clear_leftovers, folder, writer_lock


@dataclass(frozen=True, slots=True)
class Written:
    """One file."""

    kind: str
    """``banned`` or ``uploads``."""
    algorithm: str
    path: Path
    codes: int
    """Of the second tier: signatures."""
    revision: int
    """Of the banned codes; for uploads the row up to which the file is complete."""
    size: int
    seconds: float


def rebuild() -> Iterator[Written]:
    """Write every file that the settings call for, each in one step; running processes go on with what
    they have. Waits for another process that is writing.

    Raises :class:`NoIndexFolder`, and :class:`OSError` where the folder cannot be written.
    """
    place = folder()
    if place is None:
        raise NoIndexFolder
    with writer_lock(place, wait=True):
        clear_leftovers(place)
        yield from _banned()
        yield from _local()
        yield from _uploads()


def _banned() -> Iterator[Written]:
    files = IndexFiles("banned")
    # One algorithm at a time: memory holds one index and its copy.
    for name in selectors.bands(revision.current().entries):
        started = time.monotonic()
        state = revision.current()
        layer = LayeredIndex(bits_of(name))
        bring({name: layer}, state)
        if state.number:
            yield _write(files, name, layer, started)


def _local() -> Iterator[Written]:
    started = time.monotonic()
    state = revision.current()
    path = IndexFiles("banned").path(METHOD)
    if path is None or not state.number:
        return
    layers = local_file.parts()
    # One without entries replaces what may be there, a damaged file too.
    if not layers and not path.exists():
        return
    count = compaction.write(path, layers, revision=state.number, history_id=state.token.bytes)
    yield Written(
        kind="banned",
        algorithm=METHOD,
        path=path,
        codes=count,
        revision=state.number,
        size=path.stat().st_size,
        seconds=time.monotonic() - started,
    )


def _uploads() -> Iterator[Written]:
    started = time.monotonic()
    earlier = UploadIndex(use_files=False)
    layers = earlier.catch_up()
    earlier.sign()
    for name, layer in layers.items():
        if layer.revision:
            yield _write(IndexFiles("uploads"), name, layer, started)
            started = time.monotonic()


def _write(files: IndexFiles, name: str, layer: LayeredIndex, started: float) -> Written:
    path = files.path(name)
    if path is None:
        raise NoIndexFolder
    layer.write(path, algorithm=name, revision=layer.revision, history_id=layer.history_id)
    return Written(
        kind=files.kind,
        algorithm=name,
        path=path,
        codes=len(layer),
        revision=layer.revision,
        size=path.stat().st_size,
        seconds=time.monotonic() - started,
    )
